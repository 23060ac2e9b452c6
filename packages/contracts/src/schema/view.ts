import type { JsonSchema } from "@polder/model";
import { isObject, mapSubschemas } from "./subschemas.ts";

/** Keywords that list schemas of the very same value. */
const alternatives = new Set(["allOf", "anyOf", "oneOf"]);

/** Schemas as somebody else sees them. */
export interface Views {
  readonly closed: (schema: JsonSchema) => JsonSchema;
  readonly opened: (schema: JsonSchema) => JsonSchema;
  readonly filled: (schema: JsonSchema) => JsonSchema;
}

/**
 * The views, with a memory of what they have seen: the same object looks the same again, and gives the very same
 * object. Schemas must not change meanwhile.
 */
export function openViews(): Views {
  const opening = remembering((schema) => openBelow(schema, opening));
  const filling = remembering((schema) => fillBelow(schema, filling));
  const closing = remembering((schema) => closeBelow(schema, close));
  const closingInside = remembering((schema) => closeInside(schema, close));
  const close = (schema: JsonSchema, insideAllOf: boolean): JsonSchema =>
    insideAllOf ? closingInside(schema) : closing(schema);
  return { closed: closing, opened: opening, filled: filling };
}

/**
 * The schema as a strict receiver reads it: a field that the contract does not name is a violation.
 * For requests and for whatever a domain writes: a dropped field is lost data.
 */
export function closed(schema: JsonSchema): JsonSchema {
  return openViews().closed(schema);
}

/** The schema as a tolerant reader reads it: fields that it does not know are no violation. */
export function opened(schema: JsonSchema): JsonSchema {
  return openViews().opened(schema);
}

/** The schema of what has had its defaults filled in: a field with a default is always there. */
export function filled(schema: JsonSchema): JsonSchema {
  return openViews().filled(schema);
}

/** Schema libraries write the pattern that they use for a format beside it; the format says it already. */
export function withoutFormatPattern(schema: JsonSchema): JsonSchema {
  if (!("format" in schema && "pattern" in schema)) return schema;
  const { pattern: _, ...rest } = schema;
  return rest;
}

function remembering(view: (schema: JsonSchema) => JsonSchema): (schema: JsonSchema) => JsonSchema {
  const seen = new WeakMap<JsonSchema, JsonSchema>();
  return (schema) => {
    const known = seen.get(schema);
    if (known !== undefined) return known;
    const made = view(schema);
    seen.set(schema, made);
    return made;
  };
}

function openBelow(schema: JsonSchema, open: (child: JsonSchema) => JsonSchema): JsonSchema {
  return withoutClosing(mapSubschemas(withoutFormatPattern(schema), open));
}

function fillBelow(schema: JsonSchema, fill: (child: JsonSchema) => JsonSchema): JsonSchema {
  const result = mapSubschemas(schema, fill);
  if (!isObject(result["properties"])) return result;
  const defaulted = Object.entries(result["properties"]).flatMap(([name, property]) =>
    isObject(property) && "default" in property ? [name] : [],
  );
  if (defaulted.length === 0) return result;
  const required: readonly string[] = Array.isArray(result["required"]) ? result["required"] : [];
  return { ...result, required: [...new Set([...required, ...defaulted])] };
}

type Close = (schema: JsonSchema, insideAllOf: boolean) => JsonSchema;

function closeBelow(schema: JsonSchema, close: Close): JsonSchema {
  const result = mapSubschemas(withoutFormatPattern(schema), (child, keyword) => close(child, keyword === "allOf"));
  if ("allOf" in result && !("unevaluatedProperties" in result)) return { ...result, unevaluatedProperties: false };
  if ("properties" in result && !("additionalProperties" in result)) return { ...result, additionalProperties: false };
  return result;
}

/** Branches of an `allOf` see one another's fields, so only their parent can be closed. */
function closeInside(schema: JsonSchema, close: Close): JsonSchema {
  return withoutClosing(
    mapSubschemas(withoutFormatPattern(schema), (child, keyword) => close(child, alternatives.has(keyword))),
  );
}

function withoutClosing(schema: JsonSchema): JsonSchema {
  if (schema["additionalProperties"] !== false) return schema;
  const { additionalProperties: _, ...rest } = schema;
  return rest;
}
