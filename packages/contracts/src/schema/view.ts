import type { JsonSchema } from "@polder/model";
import { findTarget } from "./find-target.ts";
import { isPatternOf, knownFormat } from "./format.ts";
import { isObject, mapSubschemas } from "./subschemas.ts";

/** Keywords whose schemas are about the very same value, and may say more of its fields. */
const adding = ["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"];
/** Keywords whose schemas only ask about the value: closed, they would ask something else. */
const asking = new Set(["not", "if"]);

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
  const close = (schema: JsonSchema, isPart: boolean): JsonSchema => (isPart ? closingInside(schema) : closing(schema));
  const closedWhole = remembering((schema) => withParts(closing(schema), schema, closingInside));
  return { closed: closedWhole, opened: opening, filled: filling };
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

/**
 * Schema libraries write the pattern that they use for a format beside it; the format says it already. Of a format that
 * only the library knows, such as `starts_with`, the pattern says all.
 */
export function withoutFormatPattern(schema: JsonSchema): JsonSchema {
  const { format, pattern, ...rest } = schema;
  if (typeof format !== "string" || typeof pattern !== "string") return schema;
  if (isPatternOf(format, pattern)) return { ...rest, format };
  return knownFormat(format) === undefined ? { ...rest, pattern } : schema;
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

type Close = (schema: JsonSchema, isPart: boolean) => JsonSchema;

function closeBelow(schema: JsonSchema, close: Close): JsonSchema {
  const isWhole = isComposed(schema);
  const result = mapSubschemas(withoutFormatPattern(schema), (child, keyword) =>
    asking.has(keyword) ? child : close(child, isWhole && adding.includes(keyword)),
  );
  if (isWhole) return { ...asPart(result), unevaluatedProperties: result["unevaluatedProperties"] ?? false };
  if ("properties" in result && !("additionalProperties" in result)) return { ...result, additionalProperties: false };
  return result;
}

/** The parts of a whole see one another's fields, so only the whole can be closed. */
function closeInside(schema: JsonSchema, close: Close): JsonSchema {
  const result = mapSubschemas(withoutFormatPattern(schema), (child, keyword) =>
    asking.has(keyword) ? child : close(child, adding.includes(keyword)),
  );
  return withoutClosing(asPart(result));
}

/** Whether several schemas have a say about the fields of a value. */
function isComposed(schema: JsonSchema): boolean {
  const saying = [
    ...["properties", "$ref"].filter((keyword) => keyword in schema),
    ...adding.filter((keyword) => branchesOf(keyword, schema[keyword]).some(saysFields)),
  ];
  return "allOf" in schema || saying.length > 1;
}

function saysFields(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if ("properties" in schema || "$ref" in schema) return true;
  return adding.some((keyword) => branchesOf(keyword, schema[keyword]).some(saysFields));
}

function branchesOf(keyword: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return [];
  return keyword === "dependentSchemas" ? Object.values(value) : [value];
}

/** A reference of a part leads to another definition than that of a whole: to one that is not closed. */
function asPart(schema: JsonSchema): JsonSchema {
  const { $ref: reference } = schema;
  return typeof reference === "string" ? { ...schema, $ref: `#/$defs/${partName(reference)}` } : schema;
}

/** Such as `Address.part`: another name for each reference, of characters that need no escape in one. */
function partName(reference: string): string {
  const name = reference.replace(/^#\/\$defs\//, "");
  return `${name.replaceAll(/[^A-Za-z0-9.-]/g, (character) => `_${character.charCodeAt(0).toString(16)}`)}.part`;
}

/** Puts the definitions beside a closed schema that its parts refer to. */
function withParts(closed: JsonSchema, root: JsonSchema, close: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const parts = new Map<string, JsonSchema>();
  const look = (schema: JsonSchema, isPart: boolean): void => {
    const isWhole = isPart || isComposed(schema);
    const { $ref: reference } = schema;
    if (isWhole && typeof reference === "string" && !parts.has(partName(reference))) {
      const target = findTarget(root, reference)?.schema;
      // What leads nowhere still leads nowhere.
      if (isObject(target)) {
        parts.set(partName(reference), close(target));
        look(target, true);
      }
    }
    mapSubschemas(schema, (child, keyword) => {
      if (!asking.has(keyword)) look(child, isWhole && adding.includes(keyword));
      return child;
    });
  };
  look(root, false);
  if (parts.size === 0) return closed;
  const known = (closed["$defs"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const taken = [...parts.keys()].find((name) => Object.hasOwn(known, name));
  if (taken !== undefined) throw new RangeError(`A schema defines "${taken}", a name that is kept for its own parts`);
  return { ...closed, $defs: { ...known, ...Object.fromEntries(parts) } };
}

function withoutClosing(schema: JsonSchema): JsonSchema {
  if (schema["additionalProperties"] !== false) return schema;
  const { additionalProperties: _, ...rest } = schema;
  return rest;
}
