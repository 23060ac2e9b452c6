import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { closed } from "./view.ts";

const ajv = new Ajv2020({ strict: false });
const text = { type: "string" };
const a = { type: "object", properties: { a: text } };
const b = { type: "object", properties: { b: text }, additionalProperties: false };

function isClosedFor(schema: object): (value: object) => boolean {
  const validate = ajv.compile(closed(schema as Readonly<Record<string, unknown>>));
  return (value) => validate(value);
}

test.each<[what: string, schema: object]>([
  ["beside a reference", { $defs: { b }, ...a, $ref: "#/$defs/b" }],
  ["in parts that are references", { $defs: { a, b }, allOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }] }],
  ["in definitions as of draft-07", { definitions: { b }, allOf: [a, { $ref: "#/definitions/b" }] }],
  [
    "in a part of a part",
    { $defs: { b, inner: { allOf: [{ $ref: "#/$defs/b" }] } }, allOf: [a, { $ref: "#/$defs/inner" }] },
  ],
  ["beside alternatives that have fields", { ...a, anyOf: [b, { properties: { c: text }, required: ["c"] }] }],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, and nothing waits for it
  ["where a condition adds them", { ...a, if: { required: ["a"] }, then: b }],
])("fields that are named %s are part of the whole, and others are not", (_, schema) => {
  const takes = isClosedFor(schema);
  expect(takes({ a: "1", b: "2" })).toBe(true);
  expect(takes({ a: "1", b: "2", other: 1 })).toBe(false);
});

test("alternatives that only ask close nothing, and what asks is left as it is", () => {
  const takes = isClosedFor({
    type: "object",
    properties: { a: text, b: text },
    anyOf: [{ required: ["a"] }, { required: ["b"] }],
    not: { properties: { a: { const: "x" } }, required: ["a"] },
  });
  expect(takes({ a: "1", b: "2" })).toBe(true);
  expect(takes({ a: "1", other: 1 })).toBe(false);
  expect(takes({})).toBe(false);
  expect(takes({ a: "x", b: "2" })).toBe(false);
});

test("a definition with the name of a part of another one is refused", () => {
  const schema = { $defs: { a, "a.part": b }, allOf: [{ $ref: "#/$defs/a" }] };
  expect(() => closed(schema)).toThrow('"a.part"');
});
