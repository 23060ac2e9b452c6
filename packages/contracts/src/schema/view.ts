import type { JsonSchema } from "@polder/model";
import { isPatternOf, knownFormat } from "./format.ts";
import { isObject, mapSubschemas } from "./subschemas.ts";
import { targetFinder } from "./target-finder.ts";

/** Keywords whose schemas describe the very same value, and may name fields of it. */
const besideKeywords: ReadonlySet<string> = new Set([
  "allOf",
  "anyOf",
  "oneOf",
  "then",
  "else",
  "dependentSchemas",
  "dependencies",
]);
/** Keywords whose schema asks about a value. What it asks stays as it is, whoever looks. */
const asking: ReadonlySet<string> = new Set(["not", "if"]);

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
  const closing = openClosing();
  return { closed: remembering((schema) => closedWhole(schema, closing)), opened: opening, filled: filling };
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
  return withoutClosing(mapSubschemas(withoutFormatPattern(schema), unlessAsked(open)));
}

function fillBelow(schema: JsonSchema, fill: (child: JsonSchema) => JsonSchema): JsonSchema {
  const result = mapSubschemas(schema, unlessAsked(fill));
  if (!isObject(result["properties"])) return result;
  const defaulted = Object.entries(result["properties"]).flatMap(([name, property]) =>
    isObject(property) && "default" in property ? [name] : [],
  );
  if (defaulted.length === 0) return result;
  const required: readonly string[] = Array.isArray(result["required"]) ? result["required"] : [];
  return { ...result, required: [...new Set([...required, ...defaulted])] };
}

function unlessAsked(view: (schema: JsonSchema) => JsonSchema): (child: JsonSchema, keyword: string) => JsonSchema {
  return (child, keyword) => (asking.has(keyword) ? child : view(child));
}

/**
 * A schema as a part of a closed one. Where several schemas describe one object (`allOf`, a reference with `properties`
 * beside it), none of them can be closed, since each refuses the fields of the others: the one around them is, by
 * `unevaluatedProperties`. What they refer to may be used alone elsewhere, so they get a copy of it that is open.
 */
interface Closing {
  readonly alone: (schema: JsonSchema) => JsonSchema;
  readonly beside: (schema: JsonSchema) => JsonSchema;
  /** The references below a result of these that lead to open copies. */
  readonly copiesFor: (result: JsonSchema) => readonly string[];
}

function openClosing(): Closing {
  const copied = new WeakMap<JsonSchema, readonly string[]>();
  const copiesFor: Closing["copiesFor"] = (result) => copied.get(result) ?? [];
  const close = (schema: JsonSchema, isAlone: boolean): JsonSchema => {
    const plain = withoutFormatPattern(schema);
    const isTogether = !isAlone || isDescribedTogether(plain);
    const references = new Set<string>();
    const mapped = mapSubschemas(isTogether ? withConditions(plain) : plain, (child, keyword) => {
      if (asking.has(keyword)) return child;
      const result = isTogether && besideKeywords.has(keyword) ? beside(child) : alone(child);
      for (const reference of copiesFor(result)) references.add(reference);
      return result;
    });
    const { $ref } = mapped;
    const isCopied = isTogether && typeof $ref === "string";
    if (isCopied) references.add($ref);
    const referring = isCopied ? { ...mapped, $ref: `#/$defs/${copyName($ref)}` } : mapped;
    const result = isAlone ? closedHere(referring, isTogether) : withoutClosing(referring);
    if (references.size > 0) copied.set(result, [...references]);
    return result;
  };
  const alone = remembering((schema) => close(schema, true));
  const beside = remembering((schema) => close(schema, false));
  return { alone, beside, copiesFor };
}

/**
 * What depends on a field, as a condition: beside `dependentSchemas` that have nothing to say of a value, Ajv 8.20 takes
 * all fields for ones that nobody names.
 */
function withConditions(schema: JsonSchema): JsonSchema {
  const { dependentSchemas, allOf = [], ...rest } = schema;
  if (!isObject(dependentSchemas)) return schema;
  const conditions = Object.entries(dependentSchemas).map(([name, inner]) => ({
    if: { type: "object", required: [name] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: inner,
  }));
  return { ...rest, allOf: [...(allOf as readonly unknown[]), ...conditions] };
}

/** Whether several schemas describe one object, or one that holds only sometimes. */
function isDescribedTogether(schema: JsonSchema): boolean {
  const own = "properties" in schema || "patternProperties" in schema ? 1 : 0;
  const referred = "$ref" in schema ? 1 : 0;
  const all = Array.isArray(schema["allOf"]) ? schema["allOf"].filter(mayNameFields).length : 0;
  const some = ["anyOf", "oneOf"].filter((keyword) => nameFields(schema[keyword])).length;
  const sometimes = ["then", "else", "dependentSchemas", "dependencies"].some((keyword) => nameFields(schema[keyword]));
  return sometimes || own + referred + all + some > 1;
}

/** Whether what stands under a keyword may name fields: a schema, or several. */
function nameFields(value: unknown): boolean {
  return (
    mayNameFields(value) || (typeof value === "object" && value !== null && Object.values(value).some(mayNameFields))
  );
}

function mayNameFields(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (naming.some((keyword) => keyword in schema)) return true;
  return [...besideKeywords].some((keyword) => nameFields(schema[keyword]));
}

const naming = ["properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "$ref"];

function closedHere(schema: JsonSchema, isTogether: boolean): JsonSchema {
  if ("additionalProperties" in schema || "unevaluatedProperties" in schema) return schema;
  if (isTogether) return { ...schema, unevaluatedProperties: false };
  return "properties" in schema ? { ...schema, additionalProperties: false } : schema;
}

function withoutClosing(schema: JsonSchema): JsonSchema {
  if (schema["additionalProperties"] !== false && schema["unevaluatedProperties"] !== false) return schema;
  return Object.fromEntries(
    Object.entries(schema).filter(
      ([keyword, value]) => value !== false || !["additionalProperties", "unevaluatedProperties"].includes(keyword),
    ),
  );
}

/** A whole schema closed, with the open copies that it needs in its `$defs`. */
function closedWhole(root: JsonSchema, { alone, beside, copiesFor }: Closing): JsonSchema {
  const closedRoot = alone(root);
  const find = targetFinder(root);
  const copies = new Map<string, unknown>();
  const waiting = [...copiesFor(closedRoot)];
  for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
    const name = copyName(reference);
    if (copies.has(name)) continue;
    const target = find(reference, "");
    // What leads nowhere is told as it was written.
    const source = target === undefined ? { $ref: reference } : target.schema;
    const copy = target !== undefined && isObject(source) ? beside(source) : source;
    copies.set(name, isObject(copy) ? withoutNames(copy) : copy);
    if (isObject(copy)) waiting.push(...copiesFor(copy));
  }
  if (copies.size === 0) return closedRoot;
  const $defs = isObject(closedRoot["$defs"]) ? closedRoot["$defs"] : {};
  const taken = [...copies.keys()].find((name) => Object.hasOwn($defs, name));
  if (taken !== undefined) throw new RangeError(`A schema defines "${taken}", a name that is kept for its own parts`);
  return { ...closedRoot, $defs: { ...$defs, ...Object.fromEntries(copies) } };
}

/** The name of the open copy of what a reference leads to: `Address.fields` for `#/$defs/Address`. */
function copyName(reference: string): string {
  const place = reference.replace(/^#\/\$defs\//, "");
  const name = place.replaceAll(/[^\w-]/g, (sign) => (sign === "/" ? "." : `.${sign.codePointAt(0)?.toString(16)}.`));
  return `${name}.fields`;
}

/** A copy has no names of its own, which would be there twice. */
function withoutNames(schema: JsonSchema): JsonSchema {
  const { $defs: _defs, definitions: _definitions, $id: _id, $schema: _schema, $anchor: _anchor, ...rest } = schema;
  return mapSubschemas(rest, withoutNames);
}
