import { defaultLimits, measureSchema, type SchemaLimits } from "./measure-schema.ts";
import { readNode } from "./read-node.ts";
import type { NodeId } from "./schema-node.ts";
import { below, PROBLEMS_MAX, type SchemaProblem, unsupported } from "./schema-problem.ts";
import type { SchemaReader } from "./schema-reader.ts";
import type { SchemaStore } from "./schema-store.ts";
import { isObject } from "./subschemas.ts";
import { atPointer, type SchemaTarget, targetFinder } from "./target-finder.ts";

/** Schemas inside schemas at most, references followed. */
const CHAIN_MAX = 500;

/** A schema that was read into a store. */
export interface SchemaReading {
  readonly root: NodeId;
  /** The node of a subschema by its JSON Pointer. Nothing where none stands. */
  readonly at: (pointer: string) => NodeId | undefined;
}

/**
 * Reads a JSON Schema (draft 2020-12, or draft-07 where `$schema` says it) into a store.
 *
 * @throws `SCHEMA_UNSUPPORTED` with every problem and its pointer, at most 50.
 */
export function readSchema(
  store: SchemaStore,
  schema: unknown,
  what: string,
  limits: SchemaLimits = {},
): SchemaReading {
  const tooLarge = measureSchema(schema, limits);
  if (tooLarge !== undefined) throw unsupported(what, [tooLarge]);
  return readMeasured(store, schema, what, { ...limits, isAsWritten: true });
}

/** The same for a view of a schema that was measured before. */
export function readMeasured(
  store: SchemaStore,
  schema: unknown,
  what: string,
  { isAsWritten = false, ...limits }: SchemaLimits & { readonly isAsWritten?: boolean } = {},
): SchemaReading {
  const { nodesMax } = { ...defaultLimits, ...limits };
  const draft07 = isDraft07(schema);
  const memory = store.known[draft07 ? "draft07" : "draft2020"];
  let followed = 0;
  const problems: SchemaProblem[] = [];
  const nodes = new Map<string, NodeId>();
  const underWay = new Map<string, ReturnType<SchemaStore["reserve"]> | undefined>();
  const loops: (readonly [id: NodeId, pointer: string])[] = [];
  const report = (pointer: string, problem: string): void => {
    if (problems.push({ pointer, problem }) >= PROBLEMS_MAX) throw unsupported(what, problems);
  };
  const find = targetFinder(schema);
  const read = (candidate: unknown, pointer: string): NodeId => {
    const known = nodes.get(pointer) ?? (isObject(candidate) ? memory.get(candidate) : undefined);
    if (known !== undefined) return known;
    if (nodes.size + underWay.size > nodesMax)
      throw unsupported(what, [
        ...problems,
        { pointer, problem: `is more than the ${nodesMax} subschemas that may be` },
      ]);
    if (underWay.size > CHAIN_MAX)
      throw unsupported(what, [...problems, { pointer, problem: `is at the end of ${CHAIN_MAX} nested references` }]);
    underWay.set(pointer, undefined);
    const before = followed + problems.length;
    const id = readNode(reader, candidate, pointer);
    // Without a reference it means the same in any other schema.
    if (isObject(candidate) && followed + problems.length === before) memory.set(candidate, id);
    const reserved = underWay.get(pointer);
    underWay.delete(pointer);
    nodes.set(pointer, id);
    if (reserved === undefined) return id;
    reserved.fill({ allOf: [id] });
    loops.push([reserved.id, pointer]);
    return id;
  };
  const refer = ({ schema: target, pointer }: SchemaTarget): NodeId => {
    if (!underWay.has(pointer)) return read(target, pointer);
    const reserved = underWay.get(pointer) ?? store.reserve();
    underWay.set(pointer, reserved);
    return reserved.id;
  };
  const follow = (reference: unknown, pointer: string): NodeId => {
    followed += 1;
    const target = typeof reference === "string" ? find(reference, pointer) : undefined;
    if (target === undefined) {
      report(
        below(pointer, "$ref"),
        `refers to ${JSON.stringify(reference)}, which is not in this schema; copy it into $defs`,
      );
      return store.everything;
    }
    return refer(target);
  };
  const reader: SchemaReader = { store, read, refer, follow, report, find, isDraft07: draft07, isAsWritten };
  const root = read(schema, "");
  for (const [id, pointer] of loops) {
    if (meetsItself(store, id)) report(pointer, "refers to nothing but itself");
  }
  if (problems.length > 0) throw unsupported(what, problems);
  const at = (pointer: string): NodeId | undefined =>
    pointer === "" ? root : (nodes.get(pointer) ?? knownAt(store, memory, atPointer(schema, pointer)?.schema));
  return { root, at };
}

/** The node of a schema inside one that was known already. */
function knownAt(store: SchemaStore, memory: WeakMap<object, NodeId>, schema: unknown): NodeId | undefined {
  if (typeof schema === "boolean") return schema ? store.everything : store.nothing;
  return isObject(schema) ? memory.get(schema) : undefined;
}

function isDraft07(schema: unknown): boolean {
  return isObject(schema) && typeof schema["$schema"] === "string" && /draft-0[467]/.test(schema["$schema"]);
}

/** Whether a node says of a value only what it says of the same value again. */
function meetsItself(store: SchemaStore, start: NodeId): boolean {
  const seen = new Set<NodeId>();
  const open = [...sameValue(store, start)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === start) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...sameValue(store, next));
  }
  return false;
}

function sameValue(store: SchemaStore, id: NodeId): readonly NodeId[] {
  const { allOf = [], anyOf = [], oneOf = [], not, when, object } = store.node(id);
  const dependent = object?.dependentSchemas.map(([, node]) => node) ?? [];
  return [
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...dependent,
    ...(not === undefined ? [] : [not]),
    ...(when === undefined ? [] : [when.holds, when.then, when.else]),
  ];
}
