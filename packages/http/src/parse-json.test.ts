import { isPolderError } from "@polder/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "./parse-json.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function brokenAt(bytes: Uint8Array): unknown {
  try {
    parseJson(bytes);
    return undefined;
  } catch (error) {
    return isPolderError(error, "JSON_BROKEN") ? error.details : error;
  }
}

test.each([
  ["", 0],
  ["  ", 2],
  ['{"a":}', 5],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{"a":1 "b":2}', 7],
  ["{1:2}", 1],
  ["[1", 2],
  ["[1,]", 3],
  ["[1}", 2],
  ["1 2", 2],
  ["01", 1],
  ["tru", 0],
  ["nul", 0],
  ['"\\x"', 0],
  ['"\u0001"', 0],
  ["]", 0],
  [",", 0],
  ['{"a":1}}', 7],
  ["NaN", 0],
])("%j is JSON_BROKEN at %d", (text, position) => {
  expect(brokenAt(bytesOf(text))).toMatchObject({ position });
});

test("the place is given as a line and a column", () => {
  expect(brokenAt(bytesOf('{\n  "a": 1,\n  b\n}'))).toEqual({ position: 14, line: 3, column: 3 });
});

test("bytes that are not UTF-8 are JSON_BROKEN", () => {
  expect(brokenAt(new Uint8Array([0x22, 0x61, 0xff, 0x22]))).toEqual({ position: 2, line: 1, column: 3 });
});

test("a long text is looked through in bounded time and stack", () => {
  const long = "x".repeat(1_000_000);
  expect(brokenAt(bytesOf(`["${long}",]`))).toMatchObject({ position: long.length + 4 });
});

test("what JSON.parse reads is read, and what it refuses has its place where the parser stops or before", () => {
  const damaged = fc
    .tuple(fc.json(), fc.nat({ max: 200 }), fc.constantFrom("", ",", "}", "]", ":", '"', "x", "\\"))
    .map(([text, at, more]) => text.slice(0, at) + more + text.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.json(), damaged), (text) => {
      let message: string | undefined;
      try {
        expect(parseJson(bytesOf(text))).toEqual(JSON.parse(text));
      } catch {
        message = messageOf(() => JSON.parse(text));
        const found = brokenAt(bytesOf(text)) as { readonly position: number };
        const stopped = /at position (\d+)/.exec(message ?? "")?.[1];
        expect(found.position).toBeLessThanOrEqual(Number(stopped ?? text.length));
      }
    }),
  );
});

function messageOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : undefined;
  }
}
