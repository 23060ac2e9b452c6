import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ContractDocument, canonicalJson, frozenPath, frozenText, isSameDocument, readFrozen } from "../index.ts";

const reserved: ContractDocument = {
  kind: "event",
  name: "inventory.StockReserved",
  version: "1.0.0",
  key: "sku",
  schema: {
    type: "object",
    properties: { sku: { type: "string" }, size: { enum: ["s", "m"] } },
    required: ["sku", "size"],
  },
};

test("a frozen version is read as it was written", () => {
  expect(readFrozen(frozenText(reserved), "file")).toEqual(JSON.parse(frozenText(reserved)));
  expect(frozenPath(reserved)).toBe("inventory.StockReserved/1.0.0.json");
});

test("another order of fields and sets is the same content", () => {
  const turned: ContractDocument = {
    version: "1.0.0",
    name: "inventory.StockReserved",
    kind: "event",
    schema: {
      required: ["size", "sku"],
      properties: { size: { enum: ["m", "s"] }, sku: { type: "string" } },
      type: "object",
    },
    key: "sku",
  };
  expect(isSameDocument(reserved, turned)).toBe(true);
  expect(isSameDocument(reserved, { ...turned, key: "size" })).toBe(false);
});

test("canonical text says all of a value, and the same for any order of its keys", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(shuffled(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, shuffled(part)]),
  );
}

describe("FROZEN_UNREADABLE", () => {
  test.each([
    ["no JSON", "{", /JSON/],
    ["marks of a merge", `<<<<<<< HEAD\n${frozenText(reserved)}`, /JSON/],
    ["something else", "[]", /no JSON object/],
    ["every mistake at once", '{"kind":"api","version":"1"}', /\/name .*\/version .*\/operations/],
    ["an event without a schema", '{"kind":"event","name":"a.B","version":"1.0.0"}', /\/key .*\/schema/],
    [
      "an operation that is none",
      '{"kind":"api","name":"a","version":"1.0.0","operations":{"find":{"path":"/x/:id","input":{}}}}',
      /find\/kind .*find\/method .*":id".*find\/output .*find\/refusals/,
    ],
    [
      "a query that answers for many keys, but does not say by what",
      '{"kind":"api","name":"a","version":"1.0.0","operations":{"find":{"batch":{"keys":"ids"},"pages":"all"}}}',
      /find\/batch does not name keys, items, key.*find\/pages does not name after, items, next/,
    ],
  ])("names the file and what is wrong: %s", (_, text, problem) => {
    expect(() => readFrozen(text, "contracts/a/1.0.0.json")).toThrow(
      expect.objectContaining({ code: "FROZEN_UNREADABLE", message: expect.stringMatching(problem) }),
    );
  });

  test("a file that is too large is not parsed", () => {
    expect(() => readFrozen(" ".repeat(5_242_881), "big.json")).toThrow(/more than 5242880 bytes/);
    const deep = `{"kind":"event","schema":${'{"not":'.repeat(50_000)}{}${"}".repeat(50_000)}}`;
    expect(() => readFrozen(deep, "deep.json")).toThrow(/\/schema\/not\/not.* nests deeper than 110 levels/);
  });
});
