import { below, type SchemaProblem } from "./schema-problem.ts";

/** How large a schema may be. */
export interface SchemaLimits {
  /** Characters of its JSON, roughly. Default 1 MiB. */
  readonly sizeMax?: number;
  /** Subschemas. Default 20,000. */
  readonly nodesMax?: number;
  /** Levels of nested subschemas. Default 100. */
  readonly depthMax?: number;
}

/** The limits where nobody sets others. */
export const defaultLimits: Required<SchemaLimits> = { sizeMax: 1_048_576, nodesMax: 20_000, depthMax: 100 };

/** A value inside a schema, and the way to it. */
interface Visit {
  readonly value: unknown;
  readonly depth: number;
  readonly key: string;
  readonly parent: Visit | undefined;
}

/** What is too large about a schema, if anything. Walks it without recursion and stops at the first limit. */
export function measureSchema(schema: unknown, limits: SchemaLimits = {}): SchemaProblem | undefined {
  const { sizeMax, depthMax } = { ...defaultLimits, ...limits };
  // A level of schemas is two of JSON: the keyword, and the name or the position.
  const jsonDepthMax = depthMax * 2;
  const stack: Visit[] = [{ value: schema, depth: 0, key: "", parent: undefined }];
  let size = 0;
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, depth } = visit;
    size += typeof value === "string" ? value.length + 2 : 4;
    if (size > sizeMax) {
      const problem = `makes the schema larger than ${sizeMax} characters; cut it, or name repeated parts in $defs`;
      return { pointer: pointerOf(visit), problem };
    }
    if (typeof value !== "object" || value === null) continue;
    if (depth > jsonDepthMax) {
      const problem = `nests deeper than ${depthMax} levels; name inner parts in $defs`;
      return { pointer: pointerOf(visit), problem };
    }
    for (const [key, child] of Object.entries(value)) {
      size += key.length + 4;
      stack.push({ value: child, depth: depth + 1, key, parent: visit });
    }
  }
  return undefined;
}

/** Tokens of a pointer that are shown: one of two hundred says no more than its beginning. */
const TOKENS_MAX = 12;

function pointerOf(visit: Visit): string {
  const keys: string[] = [];
  for (let at: Visit = visit; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.reverse().slice(0, TOKENS_MAX).reduce(below, "");
}
