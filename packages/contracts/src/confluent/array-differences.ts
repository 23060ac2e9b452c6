import { boundDifferences } from "./bound-differences.ts";
import { at, below, type CompareKind, type Comparison, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";
import { openness, type Rest, restDifferences } from "./rest-differences.ts";

interface Pair {
  readonly writer: ConfluentNode;
  readonly reader: ConfluentNode;
}

/** Compares two schemas of lists, in the words of draft-07: `items` for all, or one by one with `additionalItems`. */
export const arrayDifferences: CompareKind = ({ writer, reader }, comparison) => {
  const pair: Pair = { writer: older(writer), reader: older(reader) };
  return [
    ...everyItemDifferences(pair, comparison),
    ...listedItemDifferences(pair, comparison),
    ...restDifferences(pair, { keyword: "additionalItems", prefix: "ADDITIONAL_ITEMS" }, comparison),
    ...restDifferences(pair, { keyword: "unevaluatedItems", prefix: "UNEVALUATED_ITEMS" }, comparison),
    ...boundDifferences(pair, { maxItems: "MAX_ITEMS", minItems: "MIN_ITEMS" }),
    ...uniqueDifferences(pair),
    ...boundDifferences(pair, { maxContains: "MAX_CONTAINS", minContains: "MIN_CONTAINS" }),
  ];
};

/** Draft 2020-12 says `prefixItems` and `items` for the `items` and `additionalItems` of the drafts before. */
function older(node: ConfluentNode): ConfluentNode {
  const { prefixItems, items, ...others } = node.schema;
  if (prefixItems === undefined) return node;
  const rest = items === undefined ? {} : { additionalItems: items };
  return { ...node, schema: { ...others, items: prefixItems, ...rest } };
}

function everyItemDifferences({ writer, reader }: Pair, comparison: Comparison): readonly PlacedDifference[] {
  const [before, after] = [everyItem(writer), everyItem(reader)];
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [at("SCHEMA_ADDED", "items")];
  if (after === undefined) return [at("SCHEMA_REMOVED", "items")];
  return below(["items"], comparison.differences(before, after));
}

function listedItemDifferences(pair: Pair, comparison: Comparison): readonly PlacedDifference[] {
  const [before, after] = [listedItems(pair.writer), listedItems(pair.reader)];
  const indexes = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
  return indexes.flatMap((index) => {
    const found = (): readonly PlacedDifference[] => {
      const [old, now] = [before[index], after[index]];
      if (old !== undefined && now !== undefined) return comparison.differences(old, now);
      if (old !== undefined) return removedItem(old, openItems(pair.reader), comparison);
      return now === undefined ? [] : addedItem(now, openItems(pair.writer), comparison);
    };
    return below(["items", index], found());
  });
}

function removedItem(old: ConfluentNode, rest: Rest, comparison: Comparison): readonly PlacedDifference[] {
  if (!rest.permits) {
    const type = "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL";
    return [at(old.kind === "false" ? "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL" : type)];
  }
  if (rest.schema === undefined) return [at("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL")];
  const found = comparison.differences(old, rest.schema);
  const isCovered = comparison.fits(found);
  return [...found, at(`ITEM_REMOVED_${isCovered ? "IS" : "NOT"}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`)];
}

function addedItem(now: ConfluentNode, rest: Rest, comparison: Comparison): readonly PlacedDifference[] {
  if (!rest.permits) return [at("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL")];
  if (rest.schema === undefined) {
    const isEmpty = now.kind === "empty";
    return [at(isEmpty ? "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL" : "ITEM_ADDED_TO_OPEN_CONTENT_MODEL")];
  }
  const found = comparison.differences(rest.schema, now);
  const isCovered = comparison.fits(found);
  return [...found, at(`ITEM_ADDED_${isCovered ? "IS" : "NOT"}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`)];
}

function uniqueDifferences({ writer, reader }: Pair): readonly PlacedDifference[] {
  const before = writer.schema["uniqueItems"] === true;
  const after = reader.schema["uniqueItems"] === true;
  if (before === after) return [];
  return [at(before ? "UNIQUE_ITEMS_REMOVED" : "UNIQUE_ITEMS_ADDED", "uniqueItems")];
}

function openItems(node: ConfluentNode): Rest {
  return openness(node, ["additionalItems", "unevaluatedItems"]);
}

function everyItem({ schema, read }: ConfluentNode): ConfluentNode | undefined {
  const { items } = schema;
  return items === undefined || Array.isArray(items) ? undefined : read(items);
}

function listedItems({ schema, read }: ConfluentNode): readonly ConfluentNode[] {
  const { items } = schema;
  return Array.isArray(items) ? items.map(read) : [];
}
