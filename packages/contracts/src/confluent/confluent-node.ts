import type { JsonSchema } from "@polder/model";
import { isObject } from "../schema/subschemas.ts";
import { type FindTarget, targetFinder } from "../schema/target-finder.ts";

/** How the parts of a combined schema hold together. */
export type Criterion = "allOf" | "anyOf" | "oneOf";

/** What sort of schema a node is: one that says several things at once is `combined`. */
export type ConfluentKind =
  | "empty"
  | "false"
  | "enum"
  | "const"
  | "not"
  | "if"
  | "combined"
  | "string"
  | "number"
  | "boolean"
  | "null"
  | "object"
  | "array";

/** A JSON Schema as Confluent Schema Registry takes it apart before it compares. */
export interface ConfluentNode {
  readonly kind: ConfluentKind;
  /** The keywords of the kind, and what is said about the schema as a whole. */
  readonly schema: JsonSchema;
  readonly criterion: Criterion;
  /** Of a combined schema; none for any other. */
  readonly parts: () => readonly ConfluentNode[];
  /** Reads a schema that stands in this one. The same schema gives the same node. */
  readonly read: (schema: unknown) => ConfluentNode;
}

/** References to references that are followed before one is taken for going round in a circle. */
const REFERENCES_MAX = 100;

/** Keywords by which a schema without a `type` is known. */
const telling: Readonly<Record<"array" | "object" | "number" | "string", readonly string[]>> = {
  array: [
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
  ],
  object: [
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
  ],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  string: ["minLength", "maxLength", "pattern", "format"],
};

const sniffed = ["array", "object", "number", "string"] as const;
const criteria = ["allOf", "anyOf", "oneOf"] as const;

/** Reads the nodes of one schema, whose references lead to itself. What leads nowhere says nothing. */
export function readConfluentNode(root: unknown): ConfluentNode {
  const known = new Map<unknown, ConfluentNode>();
  const find = targetFinder(root);
  const read = (schema: unknown): ConfluentNode => {
    const target = followed(find, schema);
    if (!isObject(target)) return makeNode(target === false ? "false" : "empty", {}, read);
    const node = known.get(target) ?? nodeOf(target, read);
    known.set(target, node);
    return node;
  };
  return read(root);
}

function followed(find: FindTarget, schema: unknown): unknown {
  let target = schema;
  for (let count = 0; isObject(target) && typeof target["$ref"] === "string"; count += 1) {
    if (count >= REFERENCES_MAX) return true;
    target = find(target["$ref"], "")?.schema ?? true;
  }
  return target;
}

function nodeOf(schema: JsonSchema, read: ConfluentNode["read"]): ConfluentNode {
  const parts = [...combinedParts(schema, read), ...plainParts(schema, read)];
  const [only] = parts;
  if (only === undefined) return makeNode("empty", schema, read);
  // What is said about the whole stays with it: its title, its default.
  if (parts.length === 1) return { ...only, schema: { ...schema, ...only.schema } };
  return { ...makeNode("combined", schema, read), parts: () => parts };
}

function combinedParts(schema: JsonSchema, read: ConfluentNode["read"]): readonly ConfluentNode[] {
  return criteria.flatMap((criterion) => {
    const listed = schema[criterion];
    if (!Array.isArray(listed) || listed.length === 0) return [];
    // The parts are read when they are asked for: a schema may be a part of itself.
    return [{ ...makeNode("combined", { [criterion]: listed }, read), criterion, parts: () => listed.map(read) }];
  });
}

function plainParts(schema: JsonSchema, read: ConfluentNode["read"]): readonly ConfluentNode[] {
  const stated = (["enum", "const", "not", "if"] as const)
    .filter((keyword) => Object.hasOwn(schema, keyword))
    .map((keyword) => makeNode(keyword, { [keyword]: schema[keyword] }, read));
  return [...stated, ...typedParts(schema, read)];
}

function typedParts(schema: JsonSchema, read: ConfluentNode["read"]): readonly ConfluentNode[] {
  const { type } = schema;
  const typed = (name: unknown): ConfluentNode => {
    const kind = name === "integer" ? "number" : (name as ConfluentKind);
    return makeNode(kind, { type: name, ...keywordsOf(schema, kind) }, read);
  };
  if (typeof type === "string") return [typed(type)];
  if (Array.isArray(type)) {
    const [first] = type;
    if (type.length === 1) return [typed(first)];
    const parts = type.map(typed);
    return [{ ...makeNode("combined", { type }, read), criterion: "anyOf", parts: () => parts }];
  }
  return sniffed
    .filter((kind) => telling[kind].some((keyword) => Object.hasOwn(schema, keyword)))
    .map((kind) => makeNode(kind, keywordsOf(schema, kind), read));
}

function keywordsOf(schema: JsonSchema, kind: ConfluentKind): JsonSchema {
  const own = telling[kind as keyof typeof telling] ?? [];
  const extended = kind === "array" ? [...own, "minContains", "maxContains"] : own;
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => extended.includes(keyword)));
}

function makeNode(kind: ConfluentKind, schema: JsonSchema, read: ConfluentNode["read"]): ConfluentNode {
  return { kind, schema, criterion: "allOf", parts: () => [], read };
}
