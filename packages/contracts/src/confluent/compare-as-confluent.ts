import { stableJson } from "../documents/stable-json.ts";
import type { Work } from "../pattern/automaton.ts";
import { matches, type Pattern, patternOf } from "../pattern/pattern.ts";
import { measureSchema } from "../schema/measure-schema.ts";
import { unsupported } from "../schema/schema-problem.ts";
import { arrayDifferences } from "./array-differences.ts";
import { combinedDifferences } from "./combined-differences.ts";
import { at, type CompareKind, type Comparison, type PlacedDifference } from "./comparison.ts";
import { type ConfluentKind, type ConfluentNode, readConfluentNode } from "./confluent-node.ts";
import { type ConfluentDifferenceType, type ConfluentPolicy, isTaken } from "./difference-type.ts";
import { objectDifferences } from "./object-differences.ts";
import {
  constDifferences,
  enumDifferences,
  notDifferences,
  numberDifferences,
  stringDifferences,
} from "./value-differences.ts";

/** One difference between two JSON Schemas, as Confluent Schema Registry would name it. */
export interface ConfluentDifference {
  readonly type: ConfluentDifferenceType;
  /** Such as `#/properties/note`; `#/` for the schema itself. */
  readonly path: string;
  /** Whether the policy takes it for compatible. */
  readonly isCompatible: boolean;
}

/** Schemas that are compared with each other, or with parts of each other, before it is given up. */
const PAIRS_MAX = 100_000;
/** Pairs inside pairs at most. */
const DEPTH_MAX = 500;
/** Differences that are told of one pair with all below it; those that break somebody first. */
const DIFFERENCES_MAX = 50;
/** Edges of the automata of patterns that are looked at, before it is given up. */
const WORK_MAX = 5_000_000;

/**
 * Compares two JSON Schemas by the rules of Confluent Schema Registry: the differences by its names, and whether its
 * policy takes each for compatible. They are compatible if it takes all. Drafts 04 to 2020-12; references must lead to
 * a place in the same schema.
 *
 * These rules compare what schemas say, not what they mean: they refuse changes that break nobody, and let some pass
 * that do (what stands in `if`, a `format`, a `propertyNames`). To know what breaks, ask `compareSchemas`.
 *
 * Of each two schemas below them at most 50 differences are told, those that are not compatible first. Two schemas that
 * lead to more than 100,000 comparisons, to 500 inside each other, or to too much work with patterns, differ by
 * `COMBINED_TYPE_SUBSCHEMAS_CHANGED`.
 *
 * @throws `SCHEMA_UNSUPPORTED` for what has more than 1,000 levels.
 */
export function compareAsConfluent({
  writer,
  reader,
  policy,
}: {
  readonly writer: unknown;
  readonly reader: unknown;
  readonly policy: ConfluentPolicy;
}): readonly ConfluentDifference[] {
  for (const [schema, what] of [
    [writer, "The writer's schema"],
    [reader, "The reader's schema"],
  ] as const) {
    const tooDeep = measureSchema(schema, { sizeMax: Number.POSITIVE_INFINITY, depthMax: 1_000 });
    if (tooDeep !== undefined) throw unsupported(what, [tooDeep]);
  }
  if (stableJson(writer) === stableJson(reader)) return [];
  return differencesOf(readConfluentNode(writer), readConfluentNode(reader), policy).map(({ type, path }) => ({
    type,
    path: `#/${path.join("/")}`,
    isCompatible: isTaken(type, policy),
  }));
}

/** Thrown inside where a comparison would have no end. */
class TooMuch extends Error {}

function differencesOf(
  writer: ConfluentNode,
  reader: ConfluentNode,
  policy: ConfluentPolicy,
): readonly PlacedDifference[] {
  try {
    return openComparison(policy).differences(writer, reader);
  } catch (error) {
    if (error instanceof TooMuch) return [at("COMBINED_TYPE_SUBSCHEMAS_CHANGED")];
    throw error;
  }
}

function openComparison(policy: ConfluentPolicy): Comparison {
  const known = new Map<ConfluentNode, Map<ConfluentNode, readonly PlacedDifference[]>>();
  const patterns = new Map<string, Pattern>();
  const work: Work = { left: WORK_MAX };
  let [pairs, depth] = [0, 0];
  const comparison: Comparison = {
    fits: (found) => found.every(({ type }) => isTaken(type, policy)),
    matches: (source, name) => {
      const pattern = patterns.get(source) ?? patternOf(source);
      patterns.set(source, pattern);
      work.left -= 1;
      const found = matches(pattern, name, work);
      if (work.left < 0) throw new TooMuch();
      return found === true;
    },
    differences: (writer, reader) => {
      const before = known.get(writer)?.get(reader);
      if (before !== undefined) return before;
      pairs += 1;
      depth += 1;
      if (pairs > PAIRS_MAX || depth > DEPTH_MAX) throw new TooMuch();
      const ofWriter = known.get(writer) ?? new Map<ConfluentNode, readonly PlacedDifference[]>();
      known.set(writer, ofWriter);
      // Who meets the same pair below itself has nothing to add there.
      ofWriter.set(reader, []);
      const found = someOf(pairDifferences({ writer, reader }, comparison), policy);
      ofWriter.set(reader, found);
      depth -= 1;
      return found;
    },
  };
  return comparison;
}

/** What one schema says in many places is told a few times only: below each place stand as many as there are below it. */
function someOf(found: readonly PlacedDifference[], policy: ConfluentPolicy): readonly PlacedDifference[] {
  if (found.length <= DIFFERENCES_MAX) return found;
  const [breaking, others] = [false, true].map((taken) => found.filter(({ type }) => isTaken(type, policy) === taken));
  return [...(breaking ?? []), ...(others ?? [])].slice(0, DIFFERENCES_MAX);
}

const kinds: Readonly<Partial<Record<ConfluentKind, CompareKind>>> = {
  enum: enumDifferences,
  const: constDifferences,
  not: notDifferences,
  combined: combinedDifferences,
  string: stringDifferences,
  number: numberDifferences,
  object: objectDifferences,
  array: arrayDifferences,
};

const pairDifferences: CompareKind = (pair, comparison) => {
  const { writer, reader } = pair;
  const alternative = alternativeDifferences(pair, comparison);
  if (alternative !== undefined) return alternative;
  if (writer.kind !== reader.kind)
    return writer.kind === "false" || reader.kind === "empty" ? [] : [at("TYPE_CHANGED")];
  return [...annotationDifferences(writer, reader), ...(kinds[writer.kind]?.(pair, comparison) ?? [])];
};

/** Where one of the two is a combination: a single part stands for it, and one of several may be what the writer sends. */
function alternativeDifferences(
  { writer, reader }: Parameters<CompareKind>[0],
  { differences, fits }: Comparison,
): readonly PlacedDifference[] | undefined {
  if ((writer.kind === "combined") === (reader.kind === "combined")) return undefined;
  const isWriter = writer.kind === "combined";
  const parts = (isWriter ? writer : reader).parts();
  const isSingle = parts.length === 1;
  if (!isSingle && (isWriter ? writer.criterion !== "allOf" : reader.criterion === "allOf")) return undefined;
  for (const part of parts) {
    const found = isWriter ? differences(part, reader) : differences(writer, part);
    if (!fits(found)) continue;
    return isSingle ? found : [...found, at(isWriter ? "PRODUCT_TYPE_NARROWED" : "SUM_TYPE_EXTENDED")];
  }
  return undefined;
}

function annotationDifferences(writer: ConfluentNode, reader: ConfluentNode): readonly PlacedDifference[] {
  const annotations = {
    $id: "ID_CHANGED",
    title: "TITLE_CHANGED",
    description: "DESCRIPTION_CHANGED",
    default: "DEFAULT_CHANGED",
  } as const;
  return Object.entries(annotations)
    .filter(([keyword]) => textOf(writer, keyword) !== textOf(reader, keyword))
    .map(([, type]) => at(type));
}

function textOf({ schema }: ConfluentNode, keyword: string): string | undefined {
  return Object.hasOwn(schema, keyword) ? stableJson(schema[keyword]) : undefined;
}
