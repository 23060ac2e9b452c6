import { at, below, type Comparison, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";

/** What a schema says of the properties or items that it does not name. */
export interface Rest {
  readonly permits: boolean;
  /** What they must be; nothing where they may be anything. */
  readonly schema: ConfluentNode | undefined;
}

/** What a keyword such as `additionalProperties` says. */
export function restOf({ schema, read }: ConfluentNode, keyword: string): Rest {
  const value = schema[keyword];
  if (value === false) return { permits: false, schema: undefined };
  return { permits: true, schema: value === undefined || value === true ? undefined : read(value) };
}

/** What holds for a property or item that is not named: what is said of additional ones, or else of unevaluated ones. */
export function openness(node: ConfluentNode, keywords: readonly [additional: string, unevaluated: string]): Rest {
  return restOf(node, Object.hasOwn(node.schema, keywords[0]) ? keywords[0] : keywords[1]);
}

/** How two schemas differ in what they say of the rest. */
export function restDifferences(
  { writer, reader }: { readonly writer: ConfluentNode; readonly reader: ConfluentNode },
  {
    keyword,
    prefix,
  }: {
    readonly keyword: string;
    readonly prefix: "ADDITIONAL_PROPERTIES" | "UNEVALUATED_PROPERTIES" | "ADDITIONAL_ITEMS" | "UNEVALUATED_ITEMS";
  },
  comparison: Comparison,
): readonly PlacedDifference[] {
  const before = restOf(writer, keyword);
  const after = restOf(reader, keyword);
  if (before.permits !== after.permits) return [at(after.permits ? `${prefix}_ADDED` : `${prefix}_REMOVED`, keyword)];
  if (before.schema === undefined && after.schema === undefined) return [];
  if (before.schema === undefined) return [at(`${prefix}_NARROWED`, keyword)];
  if (after.schema === undefined) return [at(`${prefix}_EXTENDED`, keyword)];
  return below([keyword], comparison.differences(before.schema, after.schema));
}
