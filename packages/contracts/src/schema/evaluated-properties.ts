import { matches } from "../pattern/pattern.ts";
import type { NodeId } from "./schema-node.ts";
import { below } from "./schema-problem.ts";
import type { SchemaReader } from "./schema-reader.ts";
import { isObject } from "./subschemas.ts";

/** The properties that `unevaluatedProperties` in a schema leaves out. */
export type EvaluatedProperties =
  | {
      readonly names: ReadonlySet<string>;
      readonly patterns: readonly string[];
      /** Properties that count only where the value is like one of some nodes, as the variants of a union say it. */
      readonly sometimes: ReadonlyMap<string, readonly NodeId[]>;
    }
  /** They speak of all properties. */
  | "all"
  /** It depends on the value, in a way that cannot be told property by property. */
  | "unknown";

/** One of the schemas that describe the same value, and when what it says of properties counts. */
interface Part {
  readonly names: readonly string[];
  readonly patterns: readonly string[];
  /** It says something of the properties that it does not name. */
  readonly isOpen: boolean;
  /** All of these hold; none where it counts always. */
  readonly when: readonly NodeId[];
}

/** Schemas that are looked at for one `unevaluatedProperties`, at most: what is referred to counts each time. */
const PARTS_MAX = 1_000;

/** What `unevaluatedProperties` in the schema at a pointer leaves out. */
export function evaluatedProperties(reader: SchemaReader, schema: unknown, pointer: string): EvaluatedProperties {
  const parts: Part[] = [];
  gather(reader, parts, { schema, pointer, when: [], around: [] });
  if (parts.length > PARTS_MAX) return "unknown";
  const always = parts.filter(({ when }) => when.length === 0);
  if (always.some(({ isOpen }) => isOpen)) return "all";
  const depending = parts.filter(({ when }) => when.length > 0);
  if (depending.some(({ isOpen, patterns }) => isOpen || patterns.length > 0)) return "unknown";
  const names = new Set(always.flatMap((part) => part.names));
  const patterns = always.flatMap((part) => part.patterns);
  const sometimes = new Map<string, NodeId[]>();
  for (const part of depending) {
    const condition = reader.store.add({ allOf: part.when });
    for (const name of part.names) {
      const isMatched = patterns.map((source) => matches(reader.store.pattern(source), name));
      if (names.has(name) || isMatched.includes(true)) continue;
      if (isMatched.includes(undefined)) return "unknown";
      sometimes.set(name, [...(sometimes.get(name) ?? []), condition]);
    }
  }
  return { names, patterns, sometimes };
}

interface Place {
  readonly schema: unknown;
  readonly pointer: string;
  readonly when: readonly NodeId[];
  /** The schemas that lead here: one that leads to itself says nothing more. */
  readonly around: readonly unknown[];
}

function gather(reader: SchemaReader, parts: Part[], { schema, pointer, when, around }: Place): void {
  if (!isObject(schema) || around.includes(schema) || parts.length > PARTS_MAX) return;
  const { store } = reader;
  const isInner = around.length > 0;
  parts.push({
    names: namesOf(schema["properties"]),
    patterns: namesOf(schema["patternProperties"]),
    isOpen: "additionalProperties" in schema || (isInner && "unevaluatedProperties" in schema),
    when,
  });
  const descend = (inner: unknown, place: string, ...conditions: readonly NodeId[]): void =>
    gather(reader, parts, {
      schema: inner,
      pointer: place,
      when: [...when, ...conditions],
      around: [...around, schema],
    });
  const at = (keyword: string): string => below(pointer, keyword);
  const target = typeof schema["$ref"] === "string" ? reader.find(schema["$ref"], pointer) : undefined;
  if (target !== undefined) descend(target.schema, target.pointer);
  for (const [index, one] of listOf(schema["allOf"])) descend(one, below(at("allOf"), index));
  for (const keyword of ["anyOf", "oneOf"])
    for (const [index, one] of listOf(schema[keyword])) {
      const place = below(at(keyword), index);
      descend(one, place, reader.refer({ schema: one, pointer: place }));
    }
  if ("if" in schema) {
    const holds = reader.refer({ schema: schema["if"], pointer: at("if") });
    descend(schema["if"], at("if"), holds);
    descend(schema["then"], at("then"), holds);
    descend(schema["else"], at("else"), store.add({ not: holds }));
  }
  for (const keyword of ["dependentSchemas", "dependencies"])
    for (const [name, one] of Object.entries(isObject(schema[keyword]) ? schema[keyword] : {}))
      descend(one, below(at(keyword), name), having(reader, name));
}

/** Every object that has a property, and whatever is no object. */
function having({ store }: SchemaReader, name: string): NodeId {
  const nothing = { properties: new Map(), patterns: [], dependents: [], dependentSchemas: [] };
  return store.add({ object: { ...nothing, required: [name] } });
}

function namesOf(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value) : [];
}

function listOf(value: unknown): readonly (readonly [index: number, schema: unknown])[] {
  return Array.isArray(value) ? value.map((one: unknown, index) => [index, one]) : [];
}
