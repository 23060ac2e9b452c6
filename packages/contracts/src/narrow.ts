import { type AnySchema, type JsonSchema, jsonSchemaOf } from "@polder/model";
import { acceptsOpened } from "./validator.ts";

/** Leaves out what a version does not know. */
export type Narrow = (value: unknown) => unknown;

/** How deep a value is looked into at most; what lies deeper stays as it is. */
const DEPTH_MAX = 100;

/**
 * Makes the one who leaves out of a value the fields that a schema does not name: a value of a newer minor version, as
 * the older one wrote it. It copies what it changes, and gives the very value back where there is nothing to leave out.
 */
export function narrowTo(schema: AnySchema): Narrow {
  const root = jsonSchemaOf(schema, "output");
  const shapes = new Map<JsonSchema, Shape>();
  const shapeOf = (part: JsonSchema): Shape => {
    const known = shapes.get(part) ?? shape(root, part);
    shapes.set(part, known);
    return known;
  };
  return (value) => narrowed(value, { root, schema: root, depth: 0, shapeOf });
}

interface Place {
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly depth: number;
  /** What a schema says of the parts of a value; worked out once for each. */
  readonly shapeOf: (schema: JsonSchema) => Shape;
}

/** What a schema, and those that it takes in, say of the parts of a value. */
interface Shape {
  /** By name; without any, nothing is said about names. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly isNamed: boolean;
  /** Of fields that are not named; missing where they are left out. */
  readonly others: unknown;
  readonly lists: readonly JsonSchema[];
  /** Unions of which the value decides which variant counts. */
  readonly unions: readonly (readonly JsonSchema[])[];
}

function shape(root: JsonSchema, schema: JsonSchema): Shape {
  const { schemas, unions } = takenIn(root, schema, 0);
  return {
    fields: new Map(schemas.flatMap(({ properties }) => Object.entries((properties ?? {}) as JsonSchema))),
    isNamed: schemas.some((part) => "properties" in part),
    others: schemas
      .map((part) => part["additionalProperties"])
      .find((additional) => additional !== undefined && additional !== false),
    lists: schemas.filter((part) => "items" in part || "prefixItems" in part),
    unions,
  };
}

/** A schema and those that count beside it whatever the value is: those that it refers to, and the only variant of several that is no single value. */
function takenIn(
  root: JsonSchema,
  schema: JsonSchema,
  depth: number,
): { readonly schemas: readonly JsonSchema[]; readonly unions: readonly (readonly JsonSchema[])[] } {
  if (depth > DEPTH_MAX) return { schemas: [], unions: [] };
  const reference = schema["$ref"];
  const referred = typeof reference === "string" ? resolved(root, reference) : undefined;
  const variants = [...list(schema["anyOf"]), ...list(schema["oneOf"])].filter((variant) => !isSingleValue(variant));
  const beside = [
    ...(referred === undefined ? [] : [referred]),
    ...list(schema["allOf"]),
    ...(variants.length === 1 ? variants : []),
  ].map((part) => takenIn(root, part, depth + 1));
  return {
    schemas: [schema, ...beside.flatMap(({ schemas }) => schemas)],
    unions: [...(variants.length > 1 ? [variants] : []), ...beside.flatMap(({ unions }) => unions)],
  };
}

/** Of a text, a number or null nothing is left out. */
function isSingleValue(schema: JsonSchema): boolean {
  return ["string", "number", "integer", "boolean", "null"].includes(String(schema["type"]));
}

function narrowed(value: unknown, place: Place): unknown {
  if (typeof value !== "object" || value === null || place.depth > DEPTH_MAX) return value;
  const known = shapeFor(value, place);
  const inside = (part: unknown, schema: unknown): unknown =>
    isObject(schema) ? narrowed(part, { ...place, schema, depth: place.depth + 1 }) : part;
  return Array.isArray(value) ? narrowedItems(value, known, inside) : narrowedFields(value, known, inside);
}

type Inside = (part: unknown, schema: unknown) => unknown;

function narrowedItems(items: readonly unknown[], { lists }: Shape, inside: Inside): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [index, item] of items.entries()) {
    const kept = lists.reduce((part, schema) => {
      const prefix = (schema["prefixItems"] as readonly unknown[] | undefined)?.[index] ?? schema["items"];
      return inside(part, prefix);
    }, item);
    if (kept === item) continue;
    copy ??= [...items];
    copy[index] = kept;
  }
  return copy ?? items;
}

function narrowedFields(value: object, { fields, isNamed, others }: Shape, inside: Inside): object {
  const isOpen = !isNamed || others !== undefined;
  let changed: Map<string, unknown> | undefined;
  for (const [name, field] of Object.entries(value)) {
    const isKnown = fields.has(name);
    const kept = isKnown || isOpen ? inside(field, isKnown ? fields.get(name) : others) : leftOut;
    if (kept === field) continue;
    changed ??= new Map();
    changed.set(name, kept);
  }
  if (changed === undefined) return value;
  const kept = Object.entries(value).map(([name, field]): [string, unknown] => [
    name,
    changed.has(name) ? changed.get(name) : field,
  ]);
  return Object.fromEntries(kept.filter(([, field]) => field !== leftOut));
}

/** In the place of a field that is left out. */
const leftOut = Symbol("left out");

/** The shape of a value's schema; where there are unions, together with that of the variant that fits. */
function shapeFor(value: object, place: Place): Shape {
  const own = place.shapeOf(place.schema);
  if (own.unions.length === 0 || place.depth > DEPTH_MAX) return own;
  const { root, depth } = place;
  const chosen = own.unions.flatMap((variants) => {
    const fitting = variants.find((variant) => acceptsOpened({ root, schema: variant }, value));
    return fitting === undefined ? [] : [shapeFor(value, { ...place, schema: fitting, depth: depth + 1 })];
  });
  const all = [own, ...chosen];
  return {
    fields: new Map(all.flatMap(({ fields }) => [...fields])),
    isNamed: all.some(({ isNamed }) => isNamed),
    others: all.find(({ others }) => others !== undefined)?.others,
    lists: all.flatMap(({ lists }) => lists),
    unions: [],
  };
}

function resolved(root: JsonSchema, reference: string): JsonSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let found: unknown = root;
  for (const token of reference
    .slice(1)
    .split("/")
    .filter((part) => part !== "")) {
    found = isObject(found) ? found[token.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return isObject(found) ? found : undefined;
}

function list(schemas: unknown): readonly JsonSchema[] {
  return Array.isArray(schemas) ? schemas.filter(isObject) : [];
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
