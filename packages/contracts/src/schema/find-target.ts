import { below } from "./schema-problem.ts";
import { isObject } from "./subschemas.ts";

/** Where a reference leads. */
export interface SchemaTarget {
  readonly schema: unknown;
  /** JSON Pointer into the schema that the reference stands in. */
  readonly pointer: string;
}

/** The JSON that a reference inside a schema means: `#`, `#/a/pointer`, `#anchor`, or one behind the schema's own `$id`. */
export function findTarget(schema: unknown, reference: string): SchemaTarget | undefined {
  const id = isObject(schema) && typeof schema["$id"] === "string" ? schema["$id"].replace(/#$/, "") : "";
  const local = id !== "" && reference.startsWith(id) ? reference.slice(id.length) : reference;
  if (local === "" || local === "#") return { schema, pointer: "" };
  if (!local.startsWith("#")) return undefined;
  const fragment = decoded(local.slice(1));
  return fragment.startsWith("/") ? atPointer(schema, fragment) : findAnchor(schema, fragment, "");
}

/** The JSON at a pointer that is not empty. */
export function atPointer(schema: unknown, fragment: string): SchemaTarget | undefined {
  let current = schema;
  let pointer = "";
  for (const token of fragment.slice(1).split("/")) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = Reflect.get(current, name);
    pointer = below(pointer, name);
  }
  return { schema: current, pointer };
}

function findAnchor(schema: unknown, anchor: string, pointer: string): SchemaTarget | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  if (Reflect.get(schema, "$anchor") === anchor || Reflect.get(schema, "$id") === `#${anchor}`)
    return { schema, pointer };
  for (const [key, child] of Object.entries(schema)) {
    const found = findAnchor(child, anchor, below(pointer, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
