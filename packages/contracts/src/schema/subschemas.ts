import type { JsonSchema } from "@polder/model";

/** Keywords whose value is one schema, a list of schemas, or schemas by name. */
const one = new Set([
  "items",
  "additionalItems",
  "additionalProperties",
  "contains",
  "not",
  "if",
  "then",
  "else",
  "propertyNames",
  "unevaluatedProperties",
  "unevaluatedItems",
]);
const many = new Set(["allOf", "anyOf", "oneOf", "prefixItems", "items"]);
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** The schema with each of its direct subschemas changed; the booleans among them stay as they are. */
export function mapSubschemas(
  schema: JsonSchema,
  change: (child: JsonSchema, keyword: string) => JsonSchema,
): JsonSchema {
  const changed = (child: unknown, keyword: string): unknown => (isObject(child) ? change(child, keyword) : child);
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (one.has(keyword) && isObject(value)) return [keyword, change(value, keyword)];
    if (many.has(keyword) && Array.isArray(value)) return [keyword, value.map((child) => changed(child, keyword))];
    if (!named.has(keyword) || !isObject(value)) return [keyword, value];
    const children = Object.entries(value).map(([name, child]): [string, unknown] => [name, changed(child, keyword)]);
    return [keyword, Object.fromEntries(children)];
  });
  return Object.fromEntries(entries);
}

/** Says whether a value is a JSON object, such as every schema but the booleans. */
export function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
