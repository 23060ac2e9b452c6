import { schemaInvalid } from "../refusal.ts";
import { sortedJson } from "./schema-content.ts";
import { SCHEMA_DEPTH_MAX } from "./schema-format.ts";

/**
 * Reads a schema that is written as JSON.
 *
 * @throws `REGISTRY_SCHEMA_INVALID` for what is no JSON, or is too deep.
 */
export function parseJsonText(text: string, what: string): unknown {
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    const problem = `has more than ${SCHEMA_DEPTH_MAX} levels of objects and lists inside each other, from character ${deep} on; name its parts and refer to them`;
    throw schemaInvalid(what, [{ pointer: "", problem }]);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = `is no JSON (${cause instanceof Error ? cause.message.slice(0, 200) : String(cause)})`;
    throw schemaInvalid(what, [{ pointer: "", problem }], cause);
  }
}

/** Where a text has more levels than a schema may have. Nothing is built, so that depth costs no memory. */
export function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign === "\\") at += 1;
      else if (sign === '"') isQuoted = false;
    } else if (sign === '"') isQuoted = true;
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    if (depth > SCHEMA_DEPTH_MAX) return at;
  }
  return undefined;
}

/** JSON without the blanks between its tokens; numbers and the order of keys stay as they are written. */
export function compactJson(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, (_match, quoted: string | undefined) => quoted ?? "");
}

/** JSON in one form for all texts with the same values: keys in order. */
export function normalJson(text: string): string {
  return sortedJson(JSON.parse(text));
}
