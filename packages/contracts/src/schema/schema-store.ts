import { type Pattern, patternOf } from "../pattern/pattern.ts";
import type { NodeId, SchemaNode } from "./schema-node.ts";

/** Where the nodes of all schemas of a comparison live. Nodes that say the same are one node. */
export interface SchemaStore {
  readonly node: (id: NodeId) => SchemaNode;
  /** The id of a node; the same one for a node that says the same. */
  readonly add: (node: SchemaNode) => NodeId;
  /** An id for a node that is still being read, for references that lead back to it. */
  readonly reserve: () => { readonly id: NodeId; readonly fill: (node: SchemaNode) => void };
  readonly pattern: (source: string) => Pattern;
  /** The nodes of schemas that mean the same wherever they stand, by the object that was read and its draft. */
  readonly known: Readonly<Record<"draft07" | "draft2020", WeakMap<object, NodeId>>>;
  /** Takes everything. */
  readonly everything: NodeId;
  /** Takes nothing. */
  readonly nothing: NodeId;
}

/** Makes an empty store. */
export function openSchemaStore(): SchemaStore {
  const nodes: SchemaNode[] = [];
  const ids = new Map<string, NodeId>();
  const patterns = new Map<string, Pattern>();
  const add = (node: SchemaNode): NodeId => {
    const isPlain = node.object === undefined && node.string?.pattern === undefined;
    const key = isPlain ? JSON.stringify(node) : JSON.stringify(node, spelled);
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, nodes.length);
    return nodes.push(node) - 1;
  };
  const pattern = (source: string): Pattern => {
    const made = patterns.get(source) ?? patternOf(source);
    patterns.set(source, made);
    return made;
  };
  const reserve: SchemaStore["reserve"] = () => {
    const id = nodes.push({}) - 1;
    return {
      id,
      fill: (node) => {
        nodes[id] = node;
      },
    };
  };
  const node = (id: NodeId): SchemaNode => {
    const found = nodes[id];
    if (found === undefined) throw new RangeError(`The store has no node ${id}`);
    return found;
  };
  const known = { draft07: new WeakMap<object, NodeId>(), draft2020: new WeakMap<object, NodeId>() };
  return { node, add, reserve, pattern, known, everything: add({}), nothing: add({ anyOf: [] }) };
}

/** Maps as lists in the order of their keys, and patterns as their source. */
function spelled(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value].sort(([one], [other]) => (one < other ? -1 : 1));
  if (typeof value === "object" && value !== null && "source" in value && "automaton" in value) return value.source;
  return value;
}
