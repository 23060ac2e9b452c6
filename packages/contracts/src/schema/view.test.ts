import type { JsonSchema } from "@polder/model";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareSchemas } from "../inclusion/compare-schemas.ts";
import { closed, filled, opened } from "./view.ts";

const ajv = new Ajv2020({ strict: false });
const text = { type: "string" };
const object = (properties: object, ...required: readonly string[]): JsonSchema => ({
  type: "object",
  properties,
  required,
});
const address = { $defs: { Address: object({ street: text }, "street") } };
const ref = { $ref: "#/$defs/Address" };

describe("a closed schema refuses the fields that nobody names, and only these", () => {
  test.each<readonly [what: string, schema: JsonSchema, taken: object, refused: object]>([
    ["an object", object({ a: text }), { a: "" }, { a: "", z: 1 }],
    ["one that says that it is open", { ...object({}), additionalProperties: {} }, { z: 1 }, []],
    ["a part of a field", object({ a: object({ b: text }) }), { a: { b: "" } }, { a: { z: 1 } }],
    ["several at once", { allOf: [object({ a: text }), object({ b: text })] }, { a: "", b: "" }, { a: "", z: 1 }],
    ["one of several", { anyOf: [object({ a: text }), object({ b: text }, "b")] }, { b: "" }, { a: "", b: "" }],
    [
      "one of several beside fields",
      { ...object({ a: text }), oneOf: [object({ b: text }, "b")] },
      { a: "", b: "" },
      { b: "", z: 1 },
    ],
    ["a reference", { ...address, ...ref }, { street: "" }, { street: "", z: 1 }],
    [
      "a reference beside fields",
      { ...address, ...ref, ...object({ a: text }) },
      { street: "", a: "" },
      { street: "", z: 1 },
    ],
    [
      "a reference among several",
      { ...address, allOf: [ref, object({ a: text })] },
      { street: "", a: "" },
      { street: "", z: 1 },
    ],
    ["a reference of which there is but one", { ...address, allOf: [ref] }, { street: "" }, { street: "", a: "" }],
    [
      "a definition that is used alone, too",
      { ...address, ...object({ a: { allOf: [ref, object({ b: text })] }, c: ref }) },
      { a: { street: "", b: "" }, c: { street: "" } },
      { c: { street: "", b: "" } },
    ],
    [
      "a definition of several",
      {
        $defs: { ...address.$defs, Home: { allOf: [ref, object({ a: text })] } },
        allOf: [{ $ref: "#/$defs/Home" }, object({ b: text })],
      },
      { street: "", a: "", b: "" },
      { street: "", z: 1 },
    ],
    [
      "itself, extended",
      object({ a: text, next: { allOf: [{ $ref: "#" }, object({ b: text })] } }),
      { a: "", next: { a: "", b: "", next: { b: "" } } },
      { b: "" },
    ],
    [
      "what holds sometimes",
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      { ...object({ a: text }), if: object({ a: { const: "x" } }, "a"), then: object({ b: text }) },
      { a: "x", b: "" },
      { a: "y", b: "" },
    ],
    [
      "what depends on a field",
      { ...object({ a: text }), dependentSchemas: { a: object({ b: text }) } },
      { a: "", b: "" },
      { b: "" },
    ],
    [
      "what depends on a field that is not there",
      { ...object({ a: text, c: text }), dependentSchemas: { a: object({ b: text }) } },
      { c: "" },
      { c: "", b: "" },
    ],
    [
      "what must not be",
      { ...object({ a: text, b: text }), not: object({ a: { const: "x" } }, "a") },
      { a: "y" },
      { a: "x", b: "" },
    ],
  ])("%s", (_what, schema, taken, refused) => {
    const takes = ajv.compile(closed(schema));
    expect(takes(taken)).toBe(true);
    expect(takes(refused)).toBe(false);
  });

  test("whoever reads takes what was written, and something can be written", () => {
    fc.assert(
      fc.property(arbitraryObject, (schema) => {
        const open = opened(schema);
        expect(compareSchemas({ writer: closed(schema), reader: open }).verdict).toBe("included");
        const isEmpty = compareSchemas({ writer: open, reader: false }).verdict === "included";
        expect(compareSchemas({ writer: closed(schema), reader: false }).verdict === "included").toBe(isEmpty);
      }),
      { numRuns: 300 },
    );
  });
});

test("alternatives that only ask close nothing", () => {
  const asking = { ...object({ a: text, b: text }), anyOf: [{ required: ["a"] }, { required: ["b"] }] };
  const takes = ajv.compile(closed(asking));
  expect(takes({ a: "1", b: "2" })).toBe(true);
  expect(takes({ a: "1", other: 1 })).toBe(false);
  expect(takes({})).toBe(false);
});

test("a definition with the name of a part of another one is refused", () => {
  const schema = { $defs: { A: object({}), "A.fields": object({}) }, allOf: [{ $ref: "#/$defs/A" }, object({})] };
  expect(() => closed(schema)).toThrow('"A.fields"');
});

test("an open schema takes the fields that nobody names", () => {
  const strict = {
    ...object({ a: { ...object({ b: text }), additionalProperties: false } }),
    unevaluatedProperties: false,
  };
  expect(ajv.validate(opened(strict), { a: { b: "", c: 1 }, d: 1 })).toBe(true);
});

test("a filled schema has its defaults, but for what it only asks", () => {
  const defaulted = object({ a: { ...text, default: "" } });
  expect(filled(defaulted)).toEqual(object({ a: { ...text, default: "" } }, "a"));
  expect(filled({ not: defaulted })).toEqual({ not: defaulted });
});

/** Objects as contracts have them: fields, several parts, unions, references. What is required is named beside. */
const arbitraryObject: fc.Arbitrary<JsonSchema> = fc
  .letrec<{ readonly part: JsonSchema; readonly fields: JsonSchema }>((tie) => ({
    // No field of two parts is an object: what the one names of it, the other refuses.
    fields: fc
      .uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 })
      .map((names) => object(Object.fromEntries(names.map((name) => [name, text])), ...names.slice(0, 1))),
    part: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      tie("fields"),
      fc.constantFrom<JsonSchema>({ $ref: "#/$defs/One" }, { $ref: "#/$defs/Two" }),
      fc.tuple(tie("part"), tie("part")).map((allOf) => ({ allOf })),
      fc.tuple(tie("part"), tie("part")).map((anyOf) => ({ anyOf })),
      fc.tuple(tie("fields"), tie("part")).map(([fields, one]) => ({ ...fields, anyOf: [one] })),
      fc.tuple(tie("fields"), tie("part")).map(([fields, one]) => ({ ...fields, dependentSchemas: { a: one } })),
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      fc.tuple(tie("fields"), tie("part")).map(([fields, one]) => ({ ...fields, if: { required: ["b"] }, then: one })),
    ),
  }))
  .part.chain((part) =>
    fc.constantFrom(part, object({ inner: part }, "inner"), { type: "array", items: part, minItems: 1 }),
  )
  .map((part) => ({
    ...part,
    $defs: {
      One: object({ a: text, one: { type: "integer" } }, "one"),
      Two: {
        allOf: [{ $ref: "#/$defs/One" }, object({ two: { anyOf: [{ $ref: "#/$defs/Two" }, { type: "null" }] } })],
      },
    },
  }));
