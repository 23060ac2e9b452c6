import { stableJson } from "../documents/stable-json.ts";
import { boundDifferences, numberOf } from "./bound-differences.ts";
import { at, type CompareKind, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";

/** Compares two schemas of texts. */
export const stringDifferences: CompareKind = (pair) => {
  const before = pair.writer.schema["pattern"];
  const after = pair.reader.schema["pattern"];
  const pattern = (): readonly PlacedDifference[] => {
    if (before === after) return [];
    if (before === undefined) return [at("PATTERN_ADDED", "pattern")];
    return [at(after === undefined ? "PATTERN_REMOVED" : "PATTERN_CHANGED", "pattern")];
  };
  return [...boundDifferences(pair, { maxLength: "MAX_LENGTH", minLength: "MIN_LENGTH" }), ...pattern()];
};

/** Compares two schemas of numbers. */
export const numberDifferences: CompareKind = (pair) => [
  ...boundDifferences(pair, {
    maximum: "MAXIMUM",
    minimum: "MINIMUM",
    exclusiveMaximum: "EXCLUSIVE_MAXIMUM",
    exclusiveMinimum: "EXCLUSIVE_MINIMUM",
  }),
  ...multipleDifferences(pair.writer, pair.reader),
  ...integerDifferences(pair.writer, pair.reader),
];

function multipleDifferences(writer: ConfluentNode, reader: ConfluentNode): readonly PlacedDifference[] {
  const before = numberOf(writer, "multipleOf");
  const after = numberOf(reader, "multipleOf");
  if (before === after) return [];
  if (before === undefined) return [at("MULTIPLE_OF_ADDED", "multipleOf")];
  if (after === undefined) return [at("MULTIPLE_OF_REMOVED", "multipleOf")];
  if (after % before === 0) return [at("MULTIPLE_OF_EXPANDED", "multipleOf")];
  return [at(before % after === 0 ? "MULTIPLE_OF_REDUCED" : "MULTIPLE_OF_CHANGED", "multipleOf")];
}

function integerDifferences(writer: ConfluentNode, reader: ConfluentNode): readonly PlacedDifference[] {
  const before = writer.schema["type"] === "integer";
  const after = reader.schema["type"] === "integer";
  if (before === after) return [];
  return [at(before ? "TYPE_EXTENDED" : "TYPE_NARROWED")];
}

/** Compares two lists of values, of which one is taken. */
export const enumDifferences: CompareKind = ({ writer, reader }) => {
  const before = valuesOf(writer);
  const after = valuesOf(reader);
  const isExtended = [...before].every((value) => after.has(value));
  const isNarrowed = [...after].every((value) => before.has(value));
  if (isExtended && isNarrowed) return [];
  if (isExtended) return [at("ENUM_ARRAY_EXTENDED", "enum")];
  return [at(isNarrowed ? "ENUM_ARRAY_NARROWED" : "ENUM_ARRAY_CHANGED", "enum")];
};

/** Compares the one value that is taken. */
export const constDifferences: CompareKind = ({ writer, reader }) =>
  stableJson(writer.schema["const"]) === stableJson(reader.schema["const"]) ? [] : [at("ENUM_ARRAY_CHANGED", "const")];

/** Compares what must not be: the more it shuts out, the less is taken. */
export const notDifferences: CompareKind = ({ writer, reader }, { differences, fits }) => {
  const found = differences(reader.read(reader.schema["not"]), writer.read(writer.schema["not"]));
  return [at(fits(found) ? "NOT_TYPE_NARROWED" : "NOT_TYPE_EXTENDED", "not")];
};

/** The same list is compared with many others. */
const known = new WeakMap<ConfluentNode, ReadonlySet<string>>();

function valuesOf(node: ConfluentNode): ReadonlySet<string> {
  const listed = node.schema["enum"];
  const values = known.get(node) ?? new Set(Array.isArray(listed) ? listed.map(stableJson) : []);
  known.set(node, values);
  return values;
}
