import { isObject } from "../schema/subschemas.ts";
import { boundDifferences } from "./bound-differences.ts";
import { at, below, type CompareKind, type Comparison, type PlacedDifference } from "./comparison.ts";
import type { ConfluentNode } from "./confluent-node.ts";
import { openness, restDifferences } from "./rest-differences.ts";

interface Pair {
  readonly writer: ConfluentNode;
  readonly reader: ConfluentNode;
}

/** Compares two schemas of objects. */
export const objectDifferences: CompareKind = (pair, comparison) => [
  ...requiredDifferences(pair),
  ...propertyDifferences(pair, comparison),
  ...dependencyDifferences(pair, comparison),
  ...restDifferences(pair, { keyword: "additionalProperties", prefix: "ADDITIONAL_PROPERTIES" }, comparison),
  ...restDifferences(pair, { keyword: "unevaluatedProperties", prefix: "UNEVALUATED_PROPERTIES" }, comparison),
  ...boundDifferences(pair, { maxProperties: "MAX_PROPERTIES", minProperties: "MIN_PROPERTIES" }),
];

/** Only what both have: a required property that comes or goes is told where properties are. */
function requiredDifferences({ writer, reader }: Pair): readonly PlacedDifference[] {
  return namesIn(writer, "properties").flatMap((name) => {
    if (!Object.hasOwn(schemasIn(reader, "properties"), name)) return [];
    const before = isRequired(writer, name);
    const after = isRequired(reader, name);
    if (before === after) return [];
    if (before) return [at("REQUIRED_ATTRIBUTE_REMOVED", "required", name)];
    const type = hasDefault(reader, name) ? "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED" : "REQUIRED_ATTRIBUTE_ADDED";
    return [at(type, "required", name)];
  });
}

function propertyDifferences(pair: Pair, comparison: Comparison): readonly PlacedDifference[] {
  const { writer, reader } = pair;
  const [before, after] = [schemasIn(writer, "properties"), schemasIn(reader, "properties")];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const found = (): readonly PlacedDifference[] => {
      if (!Object.hasOwn(after, name)) return removedProperty(pair, name, comparison);
      if (!Object.hasOwn(before, name)) return addedProperty(pair, name, comparison);
      return comparison.differences(writer.read(before[name]), reader.read(after[name]));
    };
    return below(["properties", name], found());
  });
}

/** Whether a property may go is a matter of what the reader says of properties that it does not name. */
function removedProperty({ writer, reader }: Pair, name: string, comparison: Comparison): readonly PlacedDifference[] {
  const before = writer.read(schemasIn(writer, "properties")[name]);
  if (isOpen(reader)) return [at("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL")];
  const covering = coveringSchema(reader, name, comparison);
  if (covering === undefined) {
    const type = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL";
    return [at(before.kind === "false" ? "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL" : type)];
  }
  const found = comparison.differences(before, covering);
  const isCovered = comparison.fits(found);
  return [...found, at(`PROPERTY_REMOVED_${isCovered ? "IS" : "NOT"}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`)];
}

/** Whether a property may come is a matter of what the writer says of properties that it does not name. */
function addedProperty({ writer, reader }: Pair, name: string, comparison: Comparison): readonly PlacedDifference[] {
  const after = reader.read(schemasIn(reader, "properties")[name]);
  if (isOpen(writer) && after.kind === "empty") return [at("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL")];
  const model = isOpen(writer) ? "OPEN" : "UNOPEN";
  const demand = (): "OPTIONAL" | "REQUIRED" | "REQUIRED_PROPERTY_WITH_DEFAULT" => {
    if (!isRequired(reader, name)) return "OPTIONAL";
    return hasDefault(reader, name) ? "REQUIRED_PROPERTY_WITH_DEFAULT" : "REQUIRED";
  };
  const demanded = demand();
  const added =
    demanded === "REQUIRED_PROPERTY_WITH_DEFAULT"
      ? at(`${demanded}_ADDED_TO_${model}_CONTENT_MODEL`)
      : at(`${demanded}_PROPERTY_ADDED_TO_${model}_CONTENT_MODEL`);
  const covering = isOpen(writer) ? undefined : coveringSchema(writer, name, comparison);
  if (covering === undefined) return [added];
  const found = comparison.differences(covering, after);
  const isCovered = comparison.fits(found);
  return [...found, at(`PROPERTY_ADDED_${isCovered ? "IS" : "NOT"}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`), added];
}

function dependencyDifferences({ writer, reader }: Pair, comparison: Comparison): readonly PlacedDifference[] {
  const [before, after] = [dependenciesOf(writer), dependenciesOf(reader)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const found = (): readonly PlacedDifference[] => {
      const [old, now] = [before[name], after[name]];
      if (Array.isArray(old ?? now) && Array.isArray(now ?? old)) return listedDependencies(old, now);
      if (now === undefined) return [at("DEPENDENCY_SCHEMA_REMOVED")];
      if (old === undefined) return [at("DEPENDENCY_SCHEMA_ADDED")];
      if (Array.isArray(old)) return [at("DEPENDENCY_ARRAY_REMOVED"), at("DEPENDENCY_SCHEMA_ADDED")];
      if (Array.isArray(now)) return [at("DEPENDENCY_ARRAY_ADDED"), at("DEPENDENCY_SCHEMA_REMOVED")];
      return comparison.differences(writer.read(old), reader.read(now));
    };
    return below(["dependencies", name], found());
  });
}

function listedDependencies(old: unknown, now: unknown): readonly PlacedDifference[] {
  if (now === undefined) return [at("DEPENDENCY_ARRAY_REMOVED")];
  if (old === undefined) return [at("DEPENDENCY_ARRAY_ADDED")];
  const [before, after] = [new Set(old as readonly string[]), new Set(now as readonly string[])];
  const isExtended = [...before].every((name) => after.has(name));
  const isNarrowed = [...after].every((name) => before.has(name));
  if (isExtended && isNarrowed) return [];
  if (isExtended) return [at("DEPENDENCY_ARRAY_EXTENDED")];
  return [at(isNarrowed ? "DEPENDENCY_ARRAY_NARROWED" : "DEPENDENCY_ARRAY_CHANGED")];
}

function dependenciesOf(node: ConfluentNode): Readonly<Record<string, unknown>> {
  const keywords = ["dependencies", "dependentRequired", "dependentSchemas"];
  return Object.assign({}, ...keywords.map((keyword) => schemasIn(node, keyword))) as Readonly<Record<string, unknown>>;
}

/** Everything may be there that is not named, and be anything. */
function isOpen(node: ConfluentNode): boolean {
  const { permits, schema } = openness(node, ["additionalProperties", "unevaluatedProperties"]);
  return namesIn(node, "patternProperties").length === 0 && permits && schema === undefined;
}

/** What a property must be that is not named, where something is said of it. */
function coveringSchema(node: ConfluentNode, name: string, { matches }: Comparison): ConfluentNode | undefined {
  const patterns = schemasIn(node, "patternProperties");
  for (const [pattern, schema] of Object.entries(patterns)) {
    if (matches(pattern, name)) return node.read(schema);
  }
  return openness(node, ["additionalProperties", "unevaluatedProperties"]).schema;
}

/** Lists are long, and asked once for each property. */
const requiredNames = new WeakMap<object, ReadonlySet<unknown>>();

function isRequired({ schema }: ConfluentNode, name: string): boolean {
  const required = schema["required"];
  if (!Array.isArray(required)) return false;
  const names = requiredNames.get(required) ?? new Set<unknown>(required);
  requiredNames.set(required, names);
  return names.has(name);
}

function hasDefault(node: ConfluentNode, name: string): boolean {
  const property = schemasIn(node, "properties")[name];
  return isObject(property) && Object.hasOwn(node.read(property).schema, "default");
}

function namesIn(node: ConfluentNode, keyword: string): readonly string[] {
  return Object.keys(schemasIn(node, keyword));
}

function schemasIn({ schema }: ConfluentNode, keyword: string): Readonly<Record<string, unknown>> {
  const value = schema[keyword];
  return isObject(value) ? value : {};
}
