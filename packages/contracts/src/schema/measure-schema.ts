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

/** What is too large about a schema, if anything. Walks it without recursion and stops at the first limit. */
export function measureSchema(schema: unknown, limits: SchemaLimits = {}): SchemaProblem | undefined {
  const { sizeMax, depthMax } = { ...defaultLimits, ...limits };
  // A level of schemas is two of JSON: the keyword, and the name or the position.
  const jsonDepthMax = depthMax * 2;
  const stack: (readonly [value: unknown, pointer: string, depth: number])[] = [[schema, "", 0]];
  let size = 0;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [value, pointer, depth] = next;
    size += typeof value === "string" ? value.length + 2 : 4;
    if (size > sizeMax)
      return {
        pointer,
        problem: `makes the schema larger than ${sizeMax} characters; cut it, or name repeated parts in $defs`,
      };
    if (typeof value !== "object" || value === null) continue;
    if (depth > jsonDepthMax)
      return {
        pointer: shortened(pointer),
        problem: `nests deeper than ${depthMax} levels; name inner parts in $defs`,
      };
    for (const [key, child] of Object.entries(value)) {
      size += key.length + 4;
      stack.push([child, below(pointer, key), depth + 1]);
    }
  }
  return undefined;
}

/** A pointer of two hundred tokens says no more than its beginning. */
function shortened(pointer: string): string {
  return pointer.split("/").slice(0, 12).join("/");
}
