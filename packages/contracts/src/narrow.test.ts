import { expect, test } from "vitest";
import { z } from "zod";
import { narrowTo } from "./narrow.ts";

test("a value keeps what the older version knows, at every level", () => {
  const line = z.object({ sku: z.string() });
  const older = z.object({ id: z.string(), lines: z.array(line), by: z.record(z.string(), line), any: z.unknown() });
  const value = {
    id: "1",
    lines: [{ sku: "a", colour: "red" }],
    by: { a: { sku: "a", colour: "red" } },
    any: { thing: 1 },
    newer: true,
  };
  expect(narrowTo(older)(value)).toEqual({
    id: "1",
    lines: [{ sku: "a" }],
    by: { a: { sku: "a" } },
    any: { thing: 1 },
  });
  expect(value.newer).toBe(true);
});

test("of variants, the one that fits says what is known", () => {
  const older = z.object({
    pay: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("card"), digits: z.string() }),
      z.object({ kind: z.literal("cash"), till: z.int() }),
    ]),
    both: z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
    note: z.object({ text: z.string() }).nullable(),
  });
  const narrow = narrowTo(older);
  const rest = { both: { a: "1", b: "2", c: "3" }, note: { text: "x", more: 1 } };
  expect(narrow({ ...rest, pay: { kind: "cash", till: 1, digits: "1" } })).toEqual({
    pay: { kind: "cash", till: 1 },
    both: { a: "1", b: "2" },
    note: { text: "x" },
  });
  expect(narrow({ pay: { kind: "card", digits: "1", more: 1 }, note: null })).toEqual({
    pay: { kind: "card", digits: "1" },
    note: null,
  });
});

test("schemas that refer to themselves are followed", () => {
  interface Tree {
    name: string;
    children: Tree[];
  }
  const tree: z.ZodType<Tree> = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
  });
  expect(narrowTo(tree)({ name: "a", x: 1, children: [{ name: "b", x: 2, children: [] }] })).toEqual({
    name: "a",
    children: [{ name: "b", children: [] }],
  });
});

test("what has nothing to leave out is given back as it is, and parts of it are kept", () => {
  const older = z.object({
    lines: z.array(z.object({ sku: z.string() }).nullable()),
    pair: z.tuple([z.object({ a: z.int() }), z.string()]),
    either: z.union([z.object({ a: z.string() }), z.array(z.object({ b: z.string() })), z.string()]),
  });
  const narrow = narrowTo(older);
  const value = { lines: [{ sku: "a" }, null], pair: [{ a: 1 }, "x"], either: [{ b: "x" }] };
  expect(narrow(value)).toBe(value);
  const newer = { ...value, either: [{ b: "x", c: 1 }], pair: [{ a: 1, b: 2 }, "x"] };
  const narrowed = narrow(newer) as typeof value;
  expect(narrowed).toEqual(value);
  expect(narrowed.lines).toBe(value.lines);
  expect(
    narrow(JSON.parse('{ "lines": [], "pair": [{ "a": 1 }, ""], "either": "", "__proto__": { "a": 1 } }')),
  ).toEqual({
    lines: [],
    pair: [{ a: 1 }, ""],
    either: "",
  });
});
