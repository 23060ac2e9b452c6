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

/** Keywords whose value is an object of schemas by names that mean nothing of themselves. */
export const schemasByName: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  "dependencies",
]);

/** Keywords whose value is no schema, and has none inside. */
export const valueKeywords: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);

/**
 * The schema with each of its direct subschemas changed; the booleans among them stay as they are. Where nothing
 * changes it is the very same object.
 */
export function mapSubschemas(
  schema: JsonSchema,
  change: (child: JsonSchema, keyword: string) => JsonSchema,
): JsonSchema {
  let result: Record<string, unknown> | undefined;
  for (const [keyword, value] of Object.entries(schema)) {
    const mapped = mapValue(keyword, value, change);
    if (mapped === value) continue;
    result ??= { ...schema };
    result[keyword] = mapped;
  }
  return result ?? schema;
}

function mapValue(
  keyword: string,
  value: unknown,
  change: (child: JsonSchema, keyword: string) => JsonSchema,
): unknown {
  const changed = (child: unknown): unknown => (isObject(child) ? change(child, keyword) : child);
  if (one.has(keyword) && isObject(value)) return change(value, keyword);
  if (many.has(keyword) && Array.isArray(value)) {
    const children = value.map(changed);
    return children.every((child, index) => child === value[index]) ? value : children;
  }
  if (!schemasByName.has(keyword) || !isObject(value)) return value;
  const children = Object.entries(value).map(([name, child]): [string, unknown] => [name, changed(child)]);
  return children.every(([name, child]) => child === value[name]) ? value : Object.fromEntries(children);
}

/** Says whether a value is a JSON object, such as every schema but the booleans. */
export function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
