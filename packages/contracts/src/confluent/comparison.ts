import type { ConfluentNode } from "./confluent-node.ts";
import type { ConfluentDifferenceType } from "./difference-type.ts";

/** One difference, below the pair of schemas that was compared. */
export interface PlacedDifference {
  readonly type: ConfluentDifferenceType;
  readonly path: readonly (string | number)[];
}

/** What the comparison of one kind of schemas asks of that of all others. */
export interface Comparison {
  /** How the schema that reads differs from the one that writes. */
  readonly differences: (writer: ConfluentNode, reader: ConfluentNode) => readonly PlacedDifference[];
  /** Says whether a pattern takes the name of a property. */
  readonly matches: (pattern: string, name: string) => boolean;
  /** Says whether the reader lives with all of them. */
  readonly fits: (differences: readonly PlacedDifference[]) => boolean;
}

/** Compares two schemas of one kind. */
export type CompareKind = (
  pair: { readonly writer: ConfluentNode; readonly reader: ConfluentNode },
  comparison: Comparison,
) => readonly PlacedDifference[];

/** A difference at a place below the pair. */
export function at(type: ConfluentDifferenceType, ...path: readonly (string | number)[]): PlacedDifference {
  return { type, path };
}

/** Differences of a pair that stands below another one. */
export function below(
  path: readonly (string | number)[],
  differences: readonly PlacedDifference[],
): readonly PlacedDifference[] {
  return differences.map((one) => ({ type: one.type, path: [...path, ...one.path] }));
}
