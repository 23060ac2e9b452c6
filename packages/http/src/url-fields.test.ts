import { query } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { readPathFields, readQueryFields } from "./read-url-fields.ts";
import { URL_LENGTH_MAX, urlViolations, valuesThatFit, writeInput } from "./url-fields.ts";

const search = query("GET /search/:text", {
  input: z.object({
    text: z.string(),
    kind: z.literal(["a", 1, null]).optional(),
    needed: z.array(z.int()),
    wished: z.array(z.string()).optional(),
  }),
});

test("an input is written into path and query string, percent-encoded", () => {
  const input = { text: "a/b c", kind: 1, needed: [1, 2], wished: ["ä&="] };
  expect(writeInput(search, input).url).toBe("/search/a%2Fb%20c?kind=1&needed=1&needed=2&wished=%C3%A4%26%3D");
});

test.each([
  [{ text: "", needed: [1] }, "/text"],
  [{ text: ".", needed: [1] }, "/text"],
  [{ text: "..", needed: [1] }, "/text"],
  [{ text: "\ud800", needed: [1] }, "/text"],
  [{ text: "a", needed: [], wished: ["\udc00"] }, "/wished"],
  [{ text: "a", needed: [], wished: [] }, "/wished"],
  [{ text: "x".repeat(9_000), needed: [1] }, ""],
])("the input %j cannot be written, because of %j", (input, pointer) => {
  expect(urlViolations(search, input).map((violation) => violation.pointer)).toEqual([pointer]);
});

test("what is written is read again, an empty list that must be there as well", () => {
  const input = { text: "...", needed: [] as number[], kind: null };
  expect(urlViolations(search, input)).toEqual([]);
  const [path = "", text = ""] = writeInput(search, input).url.split("?");
  const inPath = readPathFields({ declared: search, path: "/search/:text" }, path);
  const inQuery = readQueryFields(search, text);
  expect({ ...inPath.fields, ...inQuery.fields }).toEqual(input);
});

test("a name of a prototype is a field like any other", () => {
  const { fields } = readQueryFields(search, "__proto__=1&constructor=2&toString=3&needed=4");
  expect(Object.entries(fields)).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
    ["toString", "3"],
    ["needed", [4]],
  ]);
});

test.each([
  ["numbers", [1, 22, 333]],
  ["texts", ["a", "ä".repeat(40), "b&c"]],
  ["half of a surrogate pair", ["\ud800"]],
])("as many %s of a list fit into an URL as it takes of the longest", (_, values) => {
  const input = { text: "a/b", kind: 1 };
  const count = valuesThatFit(search, input, { field: "wished", values });
  const longest = values
    .map((value) => String(value).toWellFormed())
    .toSorted((a, b) => encodeURIComponent(b).length - encodeURIComponent(a).length)[0];
  const of = (length: number) => writeInput(search, { ...input, wished: Array.from({ length }, () => longest) }).url;
  expect(of(count).length).toBeLessThanOrEqual(URL_LENGTH_MAX);
  expect(of(count + 1).length).toBeGreaterThan(URL_LENGTH_MAX);
});

test("one always fits, as far as whoever asks needs to know", () => {
  expect(valuesThatFit(search, { text: "a" }, { field: "wished", values: ["x".repeat(9_000)] })).toBe(1);
});
