import { at, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";

type Bound =
  | "MAX_LENGTH"
  | "MIN_LENGTH"
  | "MAXIMUM"
  | "MINIMUM"
  | "EXCLUSIVE_MAXIMUM"
  | "EXCLUSIVE_MINIMUM"
  | "MAX_PROPERTIES"
  | "MIN_PROPERTIES"
  | "MAX_ITEMS"
  | "MIN_ITEMS"
  | "MAX_CONTAINS"
  | "MIN_CONTAINS";

/** How bounds differ that are numbers: by keyword, with what the differences are called after. */
export function boundDifferences(
  { writer, reader }: { readonly writer: ConfluentNode; readonly reader: ConfluentNode },
  bounds: Readonly<Record<string, Bound>>,
): readonly PlacedDifference[] {
  return Object.entries(bounds).flatMap(([keyword, bound]) => {
    const before = numberOf(writer, keyword);
    const after = numberOf(reader, keyword);
    if (before === after) return [];
    if (before === undefined) return [at(`${bound}_ADDED`, keyword)];
    if (after === undefined) return [at(`${bound}_REMOVED`, keyword)];
    return [at(before < after ? `${bound}_INCREASED` : `${bound}_DECREASED`, keyword)];
  });
}

/** The number that a keyword says, if it says one. */
export function numberOf({ schema }: ConfluentNode, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === "number" ? value : undefined;
}
