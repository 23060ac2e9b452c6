import type { Pattern } from "../pattern/pattern.ts";

/** The types of JSON; a whole number is a number. */
export type JsonType = "null" | "boolean" | "number" | "string" | "array" | "object";

/** All of them, those first whose values are small. */
export const jsonTypes: readonly JsonType[] = ["null", "boolean", "number", "string", "array", "object"];

/** The place of a node in its store. Nodes that say the same have the same. */
export type NodeId = number;

/** What one schema says about numbers. */
export interface NumberRules {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly integer?: true;
  /** A format of which nobody here knows which numbers have it. */
  readonly format?: string;
}

/** What one schema says about strings; lengths in code points. */
export interface StringRules {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: Pattern;
  readonly format?: string;
}

/** What one schema says about arrays. */
export interface ArrayRules {
  /** The schemas of the first items. */
  readonly prefix: readonly NodeId[];
  /** The schema of all items after them. */
  readonly rest?: NodeId;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly unique?: true;
  /** At least one item is like that. */
  readonly contains?: NodeId;
}

/** What one schema says about objects. */
export interface ObjectRules {
  readonly properties: ReadonlyMap<string, NodeId>;
  readonly patterns: readonly (readonly [pattern: Pattern, node: NodeId])[];
  /** The schema of properties that are neither named nor match a pattern. */
  readonly rest?: NodeId;
  /** The schema of all names. */
  readonly names?: NodeId;
  readonly required: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** Where the first is there, the others must be. */
  readonly dependents: readonly (readonly [name: string, others: readonly string[]])[];
  /** Where the property is there, the whole object must be like that. */
  readonly dependentSchemas: readonly (readonly [name: string, node: NodeId])[];
}

/** One schema in its normal form: all of what it says holds together. What is missing says nothing. */
export interface SchemaNode {
  readonly types?: readonly JsonType[];
  /** The only values, of `enum` and `const`. */
  readonly values?: readonly unknown[];
  readonly number?: NumberRules;
  readonly string?: StringRules;
  readonly array?: ArrayRules;
  readonly object?: ObjectRules;
  readonly allOf?: readonly NodeId[];
  readonly anyOf?: readonly NodeId[];
  readonly oneOf?: readonly NodeId[];
  readonly not?: NodeId;
  readonly when?: { readonly holds: NodeId; readonly then: NodeId; readonly else: NodeId };
  /**
   * What the schema says besides and what nobody here understands: it may refuse more values than the rest says. Two of
   * them mean the same only where they are written alike.
   */
  readonly opaque?: { readonly what: string; readonly written: string };
}

/** The type of a JSON value. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonType;
}
