import { stableJson } from "../documents/stable-json.ts";
import { at, below, type CompareKind, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";

/** Pairs of parts of two schemas that are tried at most. */
const PAIRS_MAX = 100_000;

/** Compares two schemas that are made of others: each part of the one is matched with one part of the other. Of too many it says that they differ. */
export const combinedDifferences: CompareKind = ({ writer, reader }, { differences, fits }) => {
  const criterion = criterionDifference(writer, reader);
  if (criterion?.type === "COMBINED_TYPE_CHANGED") return [criterion];
  const [before, after] = [distinct(writer), distinct(reader)];
  if (before.length * after.length > PAIRS_MAX) return [at("COMBINED_TYPE_SUBSCHEMAS_CHANGED")];
  const fitting = before.map((part, index) =>
    after.map((other) => {
      const found = below([writer.criterion, index], differences(part, other));
      return fits(found) ? found : undefined;
    }),
  );
  const matched = matchMost(fitting);
  return [
    ...(criterion === undefined ? [] : [criterion]),
    ...countDifferences(reader, before.length, after.length),
    ...matched.flat(),
    // A part that nothing of the other fits.
    ...(matched.length < Math.min(before.length, after.length) ? [at("COMBINED_TYPE_SUBSCHEMAS_CHANGED")] : []),
  ];
};

function criterionDifference(writer: ConfluentNode, reader: ConfluentNode): PlacedDifference | undefined {
  if (writer.criterion === reader.criterion) return undefined;
  const isOne = writer.parts().length === 1;
  // What must be all of some, or exactly one, is any of them.
  if (reader.criterion === "anyOf") return at("COMBINED_TYPE_EXTENDED");
  const isExtended = isOne && (reader.criterion === "oneOf" || reader.parts().length === 1);
  return at(isExtended ? "COMBINED_TYPE_EXTENDED" : "COMBINED_TYPE_CHANGED");
}

function countDifferences(reader: ConfluentNode, before: number, after: number): readonly PlacedDifference[] {
  if (before === after) return [];
  const isProduct = reader.criterion === "allOf";
  if (before < after) return [at(isProduct ? "PRODUCT_TYPE_EXTENDED" : "SUM_TYPE_EXTENDED")];
  return [at(isProduct ? "PRODUCT_TYPE_NARROWED" : "SUM_TYPE_NARROWED")];
}

/** The same schema is compared with many others. */
const known = new WeakMap<ConfluentNode, readonly ConfluentNode[]>();

/** The parts, each once. */
function distinct(node: ConfluentNode): readonly ConfluentNode[] {
  const before = known.get(node);
  if (before !== undefined) return before;
  const parts = [...new Map(node.parts().map((part) => [`${part.kind} ${stableJson(part.schema)}`, part])).values()];
  known.set(node, parts);
  return parts;
}

/**
 * Gives as many rows as can be a column of their own that they fit, and what lies there: a maximum matching, found by
 * augmenting paths.
 */
function matchMost<Found>(fitting: readonly (readonly (Found | undefined)[])[]): readonly Found[] {
  const rowOf = new Map<number, number>();
  const place = (row: number, seen: Set<number>): boolean => {
    for (const [column, found] of (fitting[row] ?? []).entries()) {
      if (found === undefined || seen.has(column)) continue;
      seen.add(column);
      const holder = rowOf.get(column);
      if (holder !== undefined && !place(holder, seen)) continue;
      rowOf.set(column, row);
      return true;
    }
    return false;
  };
  for (const row of fitting.keys()) place(row, new Set());
  return [...rowOf].flatMap(([column, row]) => {
    const found = fitting[row]?.[column];
    return found === undefined ? [] : [found];
  });
}
