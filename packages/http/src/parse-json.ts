import type { PolderError } from "@polder/model";
import { httpErrors } from "./errors.ts";

/**
 * Reads the body of a request.
 *
 * Keys such as `__proto__` become plain fields of the value and touch no prototype.
 *
 * @throws `JSON_BROKEN` with the place, also where the bytes are not UTF-8 (RFC 8259, section 8.1).
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const readable = new TextDecoder().decode(bytes).split("\uFFFD", 1)[0] ?? "";
    throw broken(readable, { problem: "the bytes are not UTF-8", cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const position = brokenAt(text);
    const problem =
      position >= text.length ? "it ends too early" : `${JSON.stringify(text[position])} cannot stand there`;
    throw broken(text.slice(0, position), { problem, cause });
  }
}

function broken(before: string, { problem, cause }: { problem: string; cause: unknown }): PolderError {
  const position = before.length;
  const lines = before.split("\n");
  const line = lines.length;
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return httpErrors.JSON_BROKEN(
    `The body is no JSON: ${problem}, at position ${position} (line ${line}, column ${column}). Nothing was done; correct the body.`,
    { position, line, column },
    { cause },
  );
}

/** One token with the blanks before it (RFC 8259, sections 2 to 7). */
const token =
  /[ \t\n\r]*([{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

type Expected = "value" | "value or ]" | "name" | "name or }" | ":" | ", or end";

/** Where a text stops being JSON. The parser of V8 says it in some of its messages only. */
function brokenAt(text: string): number {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let end = 0;
  for (;;) {
    token.lastIndex = end;
    const found = token.exec(text)?.[1];
    if (found === undefined) break;
    const next = afterToken(found, expected, open);
    if (next === undefined) return token.lastIndex - found.length;
    expected = next;
    end = token.lastIndex;
  }
  const blanks = /[ \t\n\r]*/y;
  blanks.lastIndex = end;
  return end + (blanks.exec(text)?.[0].length ?? 0);
}

/** What may come after a token, or nothing where the token itself may not come. */
function afterToken(found: string, expected: Expected, open: ("{" | "[")[]): Expected | undefined {
  if (expected === ":") return found === ":" ? "value" : undefined;
  if (expected === "name" || expected === "name or }") {
    if (found.startsWith('"')) return ":";
    return expected === "name or }" ? close(found, open) : undefined;
  }
  if (expected === ", or end") {
    if (found === "," && open.length > 0) return open.at(-1) === "{" ? "name" : "value";
    return close(found, open);
  }
  if (found === "{" || found === "[") {
    open.push(found);
    return found === "{" ? "name or }" : "value or ]";
  }
  if (found === "]" && expected === "value or ]") return close(found, open);
  return /^[}\],:]$/.test(found) ? undefined : ", or end";
}

function close(found: string, open: ("{" | "[")[]): Expected | undefined {
  const opener = found === "}" ? "{" : found === "]" ? "[" : undefined;
  if (opener === undefined || open.at(-1) !== opener) return undefined;
  open.pop();
  return ", or end";
}
