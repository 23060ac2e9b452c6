import type { JsonSchema } from "@polder/model";
import { isObject, mapSubschemas } from "./subschemas.ts";

/** Keywords that list schemas of the very same value. */
const alternatives = new Set(["allOf", "anyOf", "oneOf"]);

/**
 * The schema as a strict receiver reads it: a field that the contract does not name is a violation.
 * For requests and for whatever a domain writes: a dropped field is lost data.
 */
export function closed(schema: JsonSchema): JsonSchema {
  return closeBelow(schema, { insideAllOf: false });
}

/** The schema as a tolerant reader reads it: fields that it does not know are no violation. */
export function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = mapSubschemas(withoutFormatPattern(schema), opened);
  return additionalProperties === undefined || additionalProperties === false
    ? rest
    : { ...rest, additionalProperties };
}

/** The schema of what has had its defaults filled in: a field with a default is always there. */
export function filled(schema: JsonSchema): JsonSchema {
  const result = mapSubschemas(schema, filled);
  if (!isObject(result["properties"])) return result;
  const defaulted = Object.entries(result["properties"]).flatMap(([name, property]) =>
    isObject(property) && "default" in property ? [name] : [],
  );
  if (defaulted.length === 0) return result;
  return { ...result, required: [...new Set([...((result["required"] ?? []) as readonly string[]), ...defaulted])] };
}

/** Schema libraries write the pattern that they use for a format beside it; the format says it already. */
export function withoutFormatPattern(schema: JsonSchema): JsonSchema {
  if (!("format" in schema && "pattern" in schema)) return schema;
  const { pattern: _, ...rest } = schema;
  return rest;
}

function closeBelow(schema: JsonSchema, { insideAllOf }: { readonly insideAllOf: boolean }): JsonSchema {
  const result = mapSubschemas(withoutFormatPattern(schema), (child, keyword) =>
    closeBelow(child, { insideAllOf: keyword === "allOf" || (insideAllOf && alternatives.has(keyword)) }),
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
