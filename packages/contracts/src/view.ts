import type { JsonSchema } from "@polder/model";

/** Keywords whose value is one schema, a list of schemas, or schemas by name. */
const one = new Set([
  "items",
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
const many = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/**
 * The schema as a strict receiver reads it: a field that the contract does not name is a violation.
 * For requests and for whatever a domain writes: a dropped field is lost data.
 */
export function closed(schema: JsonSchema): JsonSchema {
  return closeBelow(schema, { insideAllOf: false });
}

/** The schema as a tolerant reader reads it: fields that it does not know are no violation. */
export function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = mapSubschemas(schema, opened);
  return additionalProperties === undefined || additionalProperties === false
    ? rest
    : { ...rest, additionalProperties };
}

function closeBelow(schema: JsonSchema, { insideAllOf }: { readonly insideAllOf: boolean }): JsonSchema {
  const result = mapSubschemas(schema, (child, keyword) =>
    closeBelow(child, { insideAllOf: keyword === "allOf" || (insideAllOf && many.has(keyword)) }),
  );
  // Branches of an `allOf` see one another's fields, so only their parent can be closed.
  if (insideAllOf) {
    const { additionalProperties, ...rest } = result;
    return additionalProperties === undefined || additionalProperties === false
      ? rest
      : { ...rest, additionalProperties };
  }
  if ("allOf" in result && !("unevaluatedProperties" in result)) return { ...result, unevaluatedProperties: false };
  if ("properties" in result && !("additionalProperties" in result)) return { ...result, additionalProperties: false };
  return result;
}

function mapSubschemas(schema: JsonSchema, change: (child: JsonSchema, keyword: string) => JsonSchema): JsonSchema {
  // Schema libraries write the pattern that they use for a format beside it; the format says it already.
  const keywords = Object.entries(schema).filter(([keyword]) => keyword !== "pattern" || !("format" in schema));
  const entries = keywords.map(([keyword, value]): [string, unknown] => {
    if (one.has(keyword) && isObject(value)) return [keyword, change(value, keyword)];
    if (many.has(keyword) && Array.isArray(value))
      return [keyword, value.map((child) => (isObject(child) ? change(child, keyword) : child))];
    if (named.has(keyword) && isObject(value)) {
      return [
        keyword,
        Object.fromEntries(
          Object.entries(value).map(([name, child]) => [name, isObject(child) ? change(child, keyword) : child]),
        ),
      ];
    }
    return [keyword, value];
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
