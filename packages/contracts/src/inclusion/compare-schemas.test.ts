import { describe, expect, test } from "vitest";
import { compareSchemas } from "../index.ts";

interface Case {
  readonly name: string;
  readonly narrow: unknown;
  readonly wide: unknown;
  /** Whether the two mean the same. */
  readonly same?: true;
}

const object = (properties: object, rest: object = {}): object => ({ type: "object", properties, ...rest });
const text = { type: "string" };
const closedObject = (properties: object, rest: object = {}): object =>
  object(properties, { additionalProperties: false, ...rest });

const list = {
  $defs: {
    list: closedObject({ value: { type: "integer" }, next: { $ref: "#/$defs/list" } }, { required: ["value"] }),
  },
  $ref: "#/$defs/list",
};
const widerList = {
  $defs: { node: object({ value: { type: "number" }, next: { $ref: "#/$defs/node" } }) },
  $ref: "#/$defs/node",
};

const cases: readonly Case[] = [
  { name: "type", narrow: { type: "integer" }, wide: { type: "number" } },
  { name: "type, a list", narrow: { type: "string" }, wide: { type: ["string", "null"] } },
  { name: "anything", narrow: { type: "string" }, wide: true },
  { name: "nothing", narrow: false, wide: { type: "string" } },
  { name: "enum", narrow: { enum: ["a"] }, wide: { enum: ["a", "b"] } },
  { name: "enum and type", narrow: { enum: ["a", 1] }, wide: { type: ["string", "number"] } },
  { name: "const", narrow: { const: { a: [1, 2] } }, wide: { enum: [{ a: [1, 2] }, null] } },
  {
    name: "const in an enum, whatever the order of fields",
    narrow: { const: { a: 1, b: 2 }, enum: [{ b: 2, a: 1 }, 3] },
    wide: { const: { a: 1, b: 2 } },
    same: true,
  },
  {
    name: "format of numbers",
    narrow: { type: "integer", format: "int32" },
    wide: { type: "integer", format: "int64" },
  },
  {
    name: "format of whole numbers",
    narrow: { type: "number", format: "int64" },
    wide: { type: "integer" },
    same: true,
  },
  {
    name: "format that takes all numbers",
    narrow: { type: "number", format: "double" },
    wide: { type: "number" },
    same: true,
  },
  { name: "const and enum that say the same", narrow: { const: "a" }, wide: { enum: ["a"] }, same: true },
  { name: "booleans listed", narrow: { enum: [true, false] }, wide: { type: "boolean" }, same: true },
  { name: "minimum", narrow: { type: "number", minimum: 3 }, wide: { type: "number", minimum: 2 } },
  { name: "maximum", narrow: { type: "number", maximum: 2 }, wide: { type: "number", maximum: 3 } },
  { name: "exclusiveMinimum", narrow: { type: "number", exclusiveMinimum: 2 }, wide: { type: "number", minimum: 2 } },
  { name: "exclusiveMaximum", narrow: { type: "number", exclusiveMaximum: 2 }, wide: { type: "number", maximum: 2 } },
  {
    name: "bounds of whole numbers",
    narrow: { type: "integer", exclusiveMinimum: 2, exclusiveMaximum: 5 },
    wide: { type: "integer", minimum: 3, maximum: 4 },
    same: true,
  },
  { name: "multipleOf", narrow: { type: "integer", multipleOf: 6 }, wide: { type: "integer", multipleOf: 3 } },
  {
    name: "multipleOf, not whole",
    narrow: { type: "number", multipleOf: 0.01, minimum: 0 },
    wide: { type: "number", multipleOf: 0.01 },
  },
  { name: "minLength", narrow: { type: "string", minLength: 2 }, wide: { type: "string", minLength: 1 } },
  { name: "maxLength", narrow: { type: "string", maxLength: 2 }, wide: { type: "string", maxLength: 3 } },
  { name: "format", narrow: { type: "string", format: "uuid" }, wide: { type: "string", minLength: 1, maxLength: 60 } },
  {
    name: "format and pattern",
    narrow: { type: "string", format: "date", pattern: "^2" },
    wide: { type: "string", format: "date" },
  },
  { name: "pattern", narrow: { type: "string", pattern: "^[a-f]+$" }, wide: { type: "string", pattern: "^[a-z]*$" } },
  {
    name: "pattern and length",
    narrow: { type: "string", pattern: "^[A-Z]{3}$" },
    wide: { type: "string", minLength: 3, maxLength: 3 },
  },
  {
    name: "patterns written otherwise",
    narrow: { type: "string", pattern: "^(a|b)*$" },
    wide: { type: "string", pattern: "^[ab]*$" },
    same: true,
  },
  { name: "pattern of enum", narrow: { enum: ["ab", "cd"] }, wide: { type: "string", pattern: "^[a-d]{2}$" } },
  {
    name: "items",
    narrow: { type: "array", items: { type: "integer" } },
    wide: { type: "array", items: { type: "number" } },
  },
  { name: "minItems", narrow: { type: "array", minItems: 2 }, wide: { type: "array", minItems: 1 } },
  { name: "maxItems", narrow: { type: "array", maxItems: 2 }, wide: { type: "array", maxItems: 3 } },
  { name: "uniqueItems", narrow: { type: "array", uniqueItems: true }, wide: { type: "array" } },
  {
    name: "uniqueItems of few values",
    narrow: { type: "array", items: { enum: [1, 2] }, uniqueItems: true },
    wide: { type: "array", maxItems: 2 },
  },
  {
    name: "contains",
    narrow: { type: "array", contains: { const: 1 } },
    wide: { type: "array", contains: { type: "integer" } },
  },
  {
    name: "contains, and no empty array",
    narrow: { type: "array", contains: { const: 1 } },
    wide: { type: "array", minItems: 1 },
  },
  {
    name: "prefixItems",
    narrow: { type: "array", prefixItems: [{ const: 1 }, text], items: false },
    wide: { type: "array", prefixItems: [{ type: "integer" }] },
  },
  {
    name: "prefixItems and items",
    narrow: { type: "array", items: { type: "integer" } },
    wide: { type: "array", prefixItems: [{ type: "number" }], items: { type: "number" } },
  },
  { name: "properties", narrow: object({ a: { type: "integer" } }), wide: object({ a: { type: "number" } }) },
  { name: "required", narrow: object({ a: text }, { required: ["a"] }), wide: object({ a: text }) },
  { name: "additionalProperties", narrow: closedObject({ a: text }), wide: closedObject({ a: text, b: text }) },
  {
    name: "additionalProperties, a schema",
    narrow: closedObject({ a: text }),
    wide: { type: "object", additionalProperties: text },
  },
  {
    name: "patternProperties",
    narrow: closedObject({ a1: text }),
    wide: { type: "object", patternProperties: { "^a": text }, additionalProperties: false },
  },
  {
    name: "patternProperties of one another",
    narrow: { type: "object", patternProperties: { "^a": { type: "integer" } } },
    wide: { type: "object", patternProperties: { "^ab": { type: "number" } } },
  },
  {
    name: "propertyNames",
    narrow: { type: "object", propertyNames: { enum: ["a", "b"] } },
    wide: { type: "object", propertyNames: { maxLength: 1 } },
  },
  {
    name: "propertyNames and count",
    narrow: { type: "object", propertyNames: { enum: ["a", "b"] } },
    wide: { type: "object", maxProperties: 2 },
  },
  {
    name: "minProperties",
    narrow: object({ a: text, b: text }, { required: ["a", "b"] }),
    wide: { type: "object", minProperties: 2 },
  },
  { name: "maxProperties", narrow: closedObject({ a: text, b: text }), wide: { type: "object", maxProperties: 2 } },
  {
    name: "dependentRequired",
    narrow: object({}, { required: ["b"] }),
    wide: { type: "object", dependentRequired: { a: ["b"] } },
  },
  {
    name: "dependentSchemas",
    narrow: object({ b: text }, { required: ["b"] }),
    wide: { type: "object", dependentSchemas: { a: { required: ["b"] } } },
  },
  {
    name: "allOf",
    narrow: { allOf: [object({ a: text }), object({}, { required: ["a"] })] },
    wide: object({ a: text }, { required: ["a"] }),
    same: true,
  },
  {
    name: "allOf closed as a whole",
    narrow: { allOf: [object({ a: text }), object({ b: text })], type: "object", unevaluatedProperties: false },
    wide: closedObject({ a: text, b: text }),
    same: true,
  },
  {
    name: "a union closed as a whole",
    narrow: { ...object({ a: text }), oneOf: [object({ b: text }, { required: ["b"] })], unevaluatedProperties: false },
    wide: closedObject({ a: text, b: text }),
  },
  {
    name: "fields that only one variant names",
    narrow: {
      anyOf: [
        object({ a: { const: 1 }, b: text }, { required: ["a"] }),
        object({ a: { const: 2 }, c: text }, { required: ["a"] }),
      ],
      unevaluatedProperties: false,
    },
    wide: { anyOf: [closedObject({ a: { const: 1 }, b: text }), closedObject({ a: { type: "integer" }, c: text })] },
  },
  {
    name: "fields that a condition names",
    narrow: {
      ...object({ a: text }),
      if: { required: ["a"] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: object({ b: text }),
      else: object({ c: text }),
      unevaluatedProperties: false,
    },
    wide: {
      anyOf: [closedObject({ a: text, b: text }, { required: ["a"] }), closedObject({ c: text })],
    },
    same: true,
  },
  {
    name: "fields that another one brings along",
    narrow: {
      type: "object",
      properties: { a: text },
      dependentSchemas: { a: object({ b: text }) },
      unevaluatedProperties: false,
    },
    wide: {
      type: "object",
      properties: { a: text, b: text },
      additionalProperties: false,
      dependentRequired: { b: ["a"] },
    },
    same: true,
  },
  { name: "anyOf", narrow: { anyOf: [{ type: "integer" }, { const: "a" }] }, wide: { type: ["number", "string"] } },
  { name: "anyOf that covers", narrow: { type: "integer" }, wide: { anyOf: [{ maximum: 3 }, { minimum: 2 }] } },
  {
    name: "oneOf",
    narrow: { oneOf: [{ type: "string" }, { type: "null" }] },
    wide: { anyOf: [{ type: "string" }, { type: "null" }, { type: "boolean" }] },
  },
  {
    name: "oneOf that overlaps",
    narrow: { oneOf: [{ minimum: 0 }, { maximum: 10 }], type: "number" },
    wide: { anyOf: [{ exclusiveMinimum: 10 }, { exclusiveMaximum: 0 }] },
  },
  { name: "not", narrow: { type: "string", not: { enum: ["a", "b"] } }, wide: { type: "string", not: { const: "a" } } },
  {
    name: "if, then, else",
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    narrow: { if: { type: "string" }, then: { minLength: 2 }, else: { type: "integer" } },
    wide: { anyOf: [{ type: "string", minLength: 1 }, { type: "integer" }] },
  },
  { name: "$ref and recursion", narrow: list, wide: widerList },
];

test("what is not understood is the same only where it is written alike", () => {
  const array = (more: object): object => ({ type: "array", ...more });
  for (const [one, other] of [
    [array({ contains: text, minContains: 2 }), array({ contains: { type: "integer" }, minContains: 2 })],
    [array({ contains: text, minContains: 2 }), array({ contains: text, minContains: 3 })],
    [array({ unevaluatedItems: false }), array({ unevaluatedItems: text })],
    [
      { anyOf: [{ patternProperties: { "^a": text } }], unevaluatedProperties: false },
      { anyOf: [{ patternProperties: { "^a": text } }], unevaluatedProperties: text },
    ],
  ] as const) {
    expect(compareSchemas({ writer: one, reader: structuredClone(one) })).toEqual({ verdict: "included" });
    expect(compareSchemas({ writer: one, reader: other }).verdict).toBe("undecided");
    expect(compareSchemas({ writer: other, reader: one }).verdict).toBe("undecided");
  }
});

describe("what is narrower is included in what is wider, and not the other way round", () => {
  test.for(cases)("$name", ({ narrow, wide, same }) => {
    expect(compareSchemas({ writer: narrow, reader: wide })).toEqual({ verdict: "included" });
    const back = compareSchemas({ writer: wide, reader: narrow });
    expect(back.verdict).toBe(same === true ? "included" : "not-included");
  });
});
