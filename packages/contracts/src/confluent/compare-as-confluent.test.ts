import { describe, expect, test } from "vitest";
import { compareAsConfluent } from "./compare-as-confluent.ts";
import type { ConfluentPolicy } from "./difference-type.ts";

const text = { type: "string" };

/** What changes, in a schema of an object that is open or closed. */
const changes: Readonly<Record<string, readonly [before: object, after: object]>> = {
  "add an optional property": [{ properties: { id: text } }, { properties: { id: text, note: text } }],
  "remove an optional property": [{ properties: { id: text, note: text } }, { properties: { id: text } }],
  "add a required property": [
    { properties: { id: text } },
    { properties: { id: text, note: text }, required: ["note"] },
  ],
  "remove a required property": [
    { properties: { id: text, note: text }, required: ["note"] },
    { properties: { id: text } },
  ],
  "make an optional property required": [
    { properties: { note: text } },
    { properties: { note: text }, required: ["note"] },
  ],
  "let an enum grow": [{ properties: { state: { enum: ["on"] } } }, { properties: { state: { enum: ["on", "off"] } } }],
};

type Row = readonly [change: string, open: string, closed: string, lenient: string];

// Each cell: backward / forward.
const table: readonly Row[] = [
  ["add an optional property", "no yes", "yes no", "yes yes"],
  ["remove an optional property", "yes no", "no yes", "yes yes"],
  ["add a required property", "no yes", "no no", "no yes"],
  ["remove a required property", "yes no", "no no", "yes no"],
  ["make an optional property required", "no yes", "no yes", "no yes"],
  ["let an enum grow", "yes no", "yes no", "yes no"],
];

describe.each(table)("%s", (change, open, closed, lenient) => {
  const [before = {}, after = {}] = changes[change] ?? [];
  const closedModel = { additionalProperties: false };
  test.each([
    ["an open object", {}, "STRICT", open],
    ["a closed object", closedModel, "STRICT", closed],
    ["an open object", {}, "LENIENT", lenient],
    ["a closed object", closedModel, "LENIENT", lenient],
  ] as const)("in %s, %o, by the policy %s: %s", (_name, model, policy, expected) => {
    const [earlier, later] = [before, after].map((schema) => ({ type: "object", ...schema, ...model }));
    const answers = [
      { writer: earlier, reader: later },
      { writer: later, reader: earlier },
    ].map((pair) => (compareAsConfluent({ ...pair, policy }).every(({ isCompatible }) => isCompatible) ? "yes" : "no"));
    expect(answers.join(" ")).toBe(expected);
  });
});

/** The differences, as `TYPE path`. */
function differences(writer: unknown, reader: unknown, policy: ConfluentPolicy = "STRICT"): readonly string[] {
  return compareAsConfluent({ writer, reader, policy }).map(({ type, path }) => `${type} ${path}`);
}

test("objects differ by their content model", () => {
  const open = { type: "object", properties: {} };
  const partial = { ...open, patternProperties: { "^s_": text }, additionalProperties: { type: "integer" } };
  const having = (model: object, property: object, more: object = {}) => ({
    ...model,
    properties: { s_a: property },
    ...more,
  });
  const cases: readonly (readonly [object, object, readonly string[]])[] = [
    [open, having(open, {}), ["PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/properties/s_a"]],
    [open, having(open, text), ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/s_a"]],
    [
      open,
      having(open, text, { required: ["s_a"] }),
      ["REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/s_a"],
    ],
    [
      open,
      having(open, { ...text, default: "" }, { required: ["s_a"] }),
      ["REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL #/properties/s_a"],
    ],
    [
      partial,
      having(partial, text),
      [
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/s_a",
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/s_a",
      ],
    ],
    [
      having(partial, { type: "boolean" }),
      partial,
      [
        "TYPE_CHANGED #/properties/s_a",
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/s_a",
      ],
    ],
    [
      { ...open, additionalProperties: false, properties: { gone: false } },
      { ...open, additionalProperties: false },
      ["PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/gone"],
    ],
    [open, { ...open, additionalProperties: false }, ["ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties"]],
    [open, { ...open, additionalProperties: text }, ["ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties"]],
    [open, { ...open, unevaluatedProperties: false }, ["UNEVALUATED_PROPERTIES_REMOVED #/unevaluatedProperties"]],
    [{ ...open, minProperties: 1 }, { ...open, minProperties: 2 }, ["MIN_PROPERTIES_INCREASED #/minProperties"]],
    [
      { ...open, dependencies: { a: ["b"] } },
      { ...open, dependencies: { a: ["b", "c"], d: text } },
      ["DEPENDENCY_ARRAY_EXTENDED #/dependencies/a", "DEPENDENCY_SCHEMA_ADDED #/dependencies/d"],
    ],
  ];
  for (const [writer, reader, expected] of cases) expect(differences(writer, reader)).toEqual(expected);
});

test("lists differ by their items", () => {
  const list = (more: object) => ({ type: "array", ...more });
  const cases: readonly (readonly [object, object, readonly string[]])[] = [
    [list({ items: text }), list({ items: { type: "integer" } }), ["TYPE_CHANGED #/items"]],
    [list({}), list({ items: text }), ["SCHEMA_ADDED #/items"]],
    [list({ items: [text] }), list({ items: [text, text] }), ["ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1"]],
    [list({ prefixItems: [text] }), list({ prefixItems: [] }), ["ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL #/items/0"]],
    [
      list({ items: [text], additionalItems: false }),
      list({ items: [], additionalItems: false }),
      ["ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/0"],
    ],
    [
      list({ items: [], additionalItems: text }),
      list({ items: [text], additionalItems: text }),
      ["ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/0"],
    ],
    [
      list({ maxItems: 1 }),
      list({ uniqueItems: true }),
      ["MAX_ITEMS_REMOVED #/maxItems", "UNIQUE_ITEMS_ADDED #/uniqueItems"],
    ],
    [list({ minContains: 1 }), list({ minContains: 2 }), ["MIN_CONTAINS_INCREASED #/minContains"]],
  ];
  for (const [writer, reader, expected] of cases) expect(differences(writer, reader)).toEqual(expected);
});

test("values differ by their bounds", () => {
  const cases: readonly (readonly [unknown, unknown, readonly string[]])[] = [
    [{ ...text, maxLength: 2 }, { ...text, maxLength: 1 }, ["MAX_LENGTH_DECREASED #/maxLength"]],
    [{ ...text, pattern: "a" }, { ...text, pattern: "b" }, ["PATTERN_CHANGED #/pattern"]],
    [{ type: "integer" }, { type: "number" }, ["TYPE_EXTENDED #/"]],
    [{ type: "number" }, { type: "integer" }, ["TYPE_NARROWED #/"]],
    [{ type: "number", multipleOf: 4 }, { type: "number", multipleOf: 2 }, ["MULTIPLE_OF_REDUCED #/multipleOf"]],
    [{ type: "number", multipleOf: 4 }, { type: "number", multipleOf: 3 }, ["MULTIPLE_OF_CHANGED #/multipleOf"]],
    [{ const: 1 }, { const: 2 }, ["ENUM_ARRAY_CHANGED #/const"]],
    [{ enum: [1, 2] }, { enum: [2, 1] }, []],
    [{ not: text }, { not: { ...text, maxLength: 5 } }, ["NOT_TYPE_NARROWED #/not"]],
    [{ not: { ...text, maxLength: 5 } }, { not: text }, ["NOT_TYPE_EXTENDED #/not"]],
    [text, {}, []],
    [{}, text, ["TYPE_CHANGED #/"]],
    [false, text, []],
    [
      { ...text, title: "a", description: "b" },
      { ...text, default: "c", $id: "urn:d" },
      ["ID_CHANGED #/", "TITLE_CHANGED #/", "DESCRIPTION_CHANGED #/", "DEFAULT_CHANGED #/"],
    ],
  ];
  for (const [writer, reader, expected] of cases) expect(differences(writer, reader)).toEqual(expected);
});

test("combined schemas are matched part by part", () => {
  const [number, flag] = [{ type: "number" }, { type: "boolean" }];
  const cases: readonly (readonly [unknown, unknown, readonly string[]])[] = [
    [text, { type: ["string", "null"] }, ["SUM_TYPE_EXTENDED #/"]],
    [{ type: ["string", "null"] }, text, ["TYPE_CHANGED #/"]],
    [{ oneOf: [text] }, text, []],
    [{ oneOf: [text, number] }, { oneOf: [number, text, flag] }, ["SUM_TYPE_EXTENDED #/"]],
    [{ oneOf: [text, number] }, { oneOf: [number] }, ["SUM_TYPE_NARROWED #/"]],
    [{ oneOf: [text, number] }, { oneOf: [text, flag] }, ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"]],
    [{ allOf: [text, number] }, { anyOf: [text, number] }, ["COMBINED_TYPE_EXTENDED #/"]],
    [{ anyOf: [text, number] }, { allOf: [text, number] }, ["COMBINED_TYPE_CHANGED #/"]],
    [{ allOf: [text, number] }, { allOf: [text] }, ["PRODUCT_TYPE_NARROWED #/"]],
    [{ ...text, enum: ["a"] }, { ...text, enum: ["a", "b"] }, ["ENUM_ARRAY_EXTENDED #/allOf/0/enum"]],
  ];
  for (const [writer, reader, expected] of cases) expect(differences(writer, reader)).toEqual(expected);
});

test("lenience reaches into the parts of combined schemas", () => {
  const order = (properties: object) => ({
    allOf: [
      { type: "object", properties },
      { type: "object", minProperties: 1 },
    ],
  });
  const pair = { writer: order({ id: text }), reader: order({ id: text, note: text }) };
  expect(compareAsConfluent({ ...pair, policy: "LENIENT" }).every(({ isCompatible }) => isCompatible)).toBe(true);
  expect(compareAsConfluent({ ...pair, policy: "STRICT" }).every(({ isCompatible }) => isCompatible)).toBe(false);
});

test("schemas that refer to themselves come to an end", () => {
  const tree = (value: object) => ({
    definitions: {
      node: {
        type: "object",
        properties: { value, next: { oneOf: [{ $ref: "#/definitions/node" }, { type: "null" }] } },
      },
    },
    $ref: "#/definitions/node",
  });
  expect(differences(tree(text), tree(text))).toEqual([]);
  expect(differences(tree(text), tree({ type: "integer" }))).toEqual(["TYPE_CHANGED #/properties/value"]);
  expect(differences({ $ref: "#" }, text)).toEqual(["TYPE_CHANGED #/"]);
});

test("what is changed in many places is told in some of them, and what breaks somebody before all else", () => {
  const shared = (leaf: object, more: object = {}) => ({
    properties: Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [
        `p${index}`,
        { $ref: `#/definitions/${index === 2_999 ? "last" : "big"}` },
      ]),
    ),
    definitions: {
      big: { type: "object", properties: Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`q${at}`, leaf])) },
      last: { type: "object", properties: { id: { type: "string", ...more } } },
    },
  });
  const found = differences(shared({ title: "a" }), shared({ title: "b" }, { maxLength: 1 }));
  expect(found).toHaveLength(50);
  expect(found[0]).toBe("MAX_LENGTH_ADDED #/properties/p2999/properties/id/maxLength");
});

test("definitions that use the next one twice differ in bounded time and memory", () => {
  const doubling = (leaf: object) => ({
    definitions: {
      ...Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => {
          const next = { $ref: `#/definitions/d${index + 1}` };
          return [`d${index}`, { properties: { a: next, b: next } }];
        }),
      ),
      d60: leaf,
    },
    $ref: "#/definitions/d0",
  });
  const found = differences(doubling(text), doubling({ type: "integer" }));
  expect(found).toHaveLength(50);
  expect(found[0]).toMatch(/^TYPE_CHANGED #(?:\/properties\/a){60}$/);
});

test("a chain of thousands of definitions, and thousands of patterns, are given up", () => {
  const chain = (leaf: object) => ({
    definitions: {
      ...Object.fromEntries(
        Array.from({ length: 15_000 }, (_, at) => [
          `d${at}`,
          { properties: { a: { $ref: `#/definitions/d${at + 1}` } } },
        ]),
      ),
      d15000: leaf,
    },
    $ref: "#/definitions/d0",
  });
  const patterned = (mark: string) => ({
    properties: Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`${"a".repeat(100)}${at}${mark}`, text])),
    patternProperties: Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`(p|a)*x{9}${at}$`, text])),
  });
  const givenUp = ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"];
  expect(differences(chain(text), chain({ type: "integer" }))).toEqual(givenUp);
  expect(differences(patterned("x"), patterned("y"))).toEqual(givenUp);
  let nested: object = text;
  for (let level = 0; level < 5_000; level += 1) nested = { items: nested };
  expect(() => differences(nested, text)).toThrow(expect.objectContaining({ code: "SCHEMA_UNSUPPORTED" }));
});

test("what nests and branches without end is given up in bounded time", () => {
  const wide = (depth: number, leaf: string): object =>
    depth === 0
      ? { const: leaf }
      : { oneOf: ["a", "b", "c", "d"].map((name) => ({ allOf: [wide(depth - 1, leaf + name), { type: "object" }] })) };
  const [found] = differences(wide(5, "x"), wide(5, "y")).slice(-1);
  expect(found).toBe("COMBINED_TYPE_SUBSCHEMAS_CHANGED #/");
  const many = (first: number) => ({ oneOf: Array.from({ length: 20_000 }, (_, index) => ({ const: first + index })) });
  expect(differences(many(0), many(1))).toEqual(["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"]);
  expect(differences(many(0), many(0))).toEqual([]);
});
