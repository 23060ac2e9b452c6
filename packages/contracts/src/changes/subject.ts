import type { JsonSchema } from "@polder/model";
import { below } from "../schema/schema-problem.ts";
import { isObject } from "../schema/subschemas.ts";
import type { FindTarget } from "../schema/target-finder.ts";

/** A subschema as the walk over changes sees it: references followed, null apart from the rest. */
export interface Subject {
  readonly schema: JsonSchema;
  readonly pointer: string;
  readonly isNullable: boolean;
  /** The alternatives, if the schema is a choice of several. */
  readonly variants: readonly Variant[] | undefined;
}

/** One alternative of a union. */
export interface Variant {
  readonly schema: JsonSchema;
  readonly pointer: string;
}

/** References in a row at most. */
const HOPS_MAX = 50;

const annotations = ["title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment"];
const silent = new Set([...annotations, "default", "$ref", "$defs", "definitions", "$id", "$schema", "$anchor"]);

/** What a schema says to people only, in the order of the keywords' names. */
export function annotationsOf(schema: JsonSchema): JsonSchema {
  const own = Object.keys(schema).filter((keyword) => annotations.includes(keyword) || keyword.startsWith("x-"));
  const open = openValuesOf(schema) !== undefined;
  const said = own.filter((keyword) => keyword !== OPEN_ENUM && !(open && keyword === "examples"));
  return Object.fromEntries(said.sort().map((keyword) => [keyword, schema[keyword]]));
}

/** The keyword that names the known values of an open enum, as API descriptions have it. */
export const OPEN_ENUM = "x-extensible-enum";

/** The values that an open enum names. */
export function openValuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const values = schema[OPEN_ENUM];
  return Array.isArray(values) ? values : undefined;
}

/** Sees a subschema that stands at a place of a whole one, in which references are found. */
export function subjectAt(find: FindTarget, schema: unknown, pointer: string): Subject {
  const plain = followed(find, { schema: asObject(schema), pointer });
  const keyword = Array.isArray(plain.schema["anyOf"]) ? "anyOf" : "oneOf";
  const listed = plain.schema[keyword];
  if (!Array.isArray(listed)) return withoutNullType(plain);
  const all = listed.map((one: unknown, index) =>
    followed(find, { schema: asObject(one), pointer: below(below(plain.pointer, keyword), index) }),
  );
  const variants = all.filter((variant) => !isNull(variant.schema));
  const isNullable = variants.length < all.length;
  const [only] = variants;
  const beside = Object.keys(plain.schema).some((name) => name !== keyword && !silent.has(name));
  if (only !== undefined && variants.length === 1 && !beside) {
    const inner = subjectAt(find, only.schema, only.pointer);
    return { ...inner, isNullable: isNullable || inner.isNullable };
  }
  return { ...plain, isNullable, variants };
}

/** The field and value by which a variant is told from the others, if it has such a field. */
export function discriminatorOf({ schema }: Variant): string | undefined {
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const fixed = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, unknown>>).flatMap(
    ([name, property]) => {
      if (!isObject(property) || !required.has(name)) return [];
      const values = "const" in property ? [property["const"]] : property["enum"];
      return Array.isArray(values) && values.length === 1 ? [`${name} ${JSON.stringify(values[0])}`] : [];
    },
  );
  return fixed.length === 0 ? undefined : fixed.join(", ");
}

function followed(find: FindTarget, start: Variant): Variant {
  let variant = start;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const reference = variant.schema["$ref"];
    const beside = Object.keys(variant.schema).some((keyword) => !silent.has(keyword) && !keyword.startsWith("x-"));
    const target = typeof reference === "string" && !beside ? find(reference, variant.pointer) : undefined;
    if (target === undefined) return variant;
    variant = { schema: asObject(target.schema), pointer: target.pointer };
  }
  return variant;
}

function withoutNullType({ schema, pointer }: Variant): Subject {
  const types = schema["type"];
  const plain = { schema, pointer, isNullable: false, variants: undefined };
  if (!Array.isArray(types) || !types.includes("null") || types.length === 1) return plain;
  const others = types.filter((type) => type !== "null");
  return { ...plain, schema: { ...schema, type: others.length === 1 ? others[0] : others }, isNullable: true };
}

function isNull(schema: JsonSchema): boolean {
  return schema["type"] === "null" || ("const" in schema && schema["const"] === null);
}

function asObject(schema: unknown): JsonSchema {
  if (isObject(schema)) return schema;
  return schema === false ? { not: {} } : {};
}
