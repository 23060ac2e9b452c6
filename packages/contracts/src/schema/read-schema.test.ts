import { isPolderError } from "@polder/model";
import { describe, expect, test } from "vitest";
import { compareSchemas } from "../index.ts";

function problemsOf(writer: unknown): readonly { readonly pointer: string; readonly problem: string }[] {
  try {
    compareSchemas({ writer, reader: true });
    return [];
  } catch (error) {
    if (!isPolderError(error, "SCHEMA_UNSUPPORTED")) throw error;
    return (error.details as { problems: readonly { pointer: string; problem: string }[] }).problems;
  }
}

function nested(levels: number): unknown {
  let schema: unknown = { type: "string" };
  for (let level = 0; level < levels; level += 1) schema = { type: "array", items: schema };
  return schema;
}

describe("SCHEMA_UNSUPPORTED", () => {
  test("names every problem and its place at once", () => {
    const problems = problemsOf({
      type: "strnig",
      properties: {
        a: { $ref: "https://example.org/other.json" },
        b: { $ref: "#/$defs/absent" },
        "c/d": { pattern: "(" },
        e: { minLength: -1, colour: "red" },
        f: { required: "a" },
        g: 3,
      },
    });
    expect(problems.map(({ pointer }) => pointer)).toEqual(["/type", "/properties"]);
    const inner = problemsOf({
      properties: {
        a: { $ref: "https://example.org/other.json" },
        b: { $ref: "#/$defs/absent" },
        "c/d": { pattern: "(" },
        e: { minLength: -1, colour: "red" },
        f: { required: "a" },
      },
    });
    expect(inner.map(({ pointer }) => pointer)).toEqual([
      "/properties/a/$ref",
      "/properties/b/$ref",
      "/properties/c~1d/pattern",
      "/properties/e/minLength",
      "/properties/e/colour",
      "/properties/f/required",
    ]);
  });

  test.for([
    ["a reference to itself", { $ref: "#" }],
    [
      "a circle of references",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } } },
    ],
    ["no schema", "string"],
    ["an empty list of alternatives", { anyOf: [] }],
    ["a keyword of nobody", { readonly: true }],
    [
      "what draft-07 ignores",
      {
        $schema: "http://json-schema.org/draft-07/schema#",
        $ref: "#/definitions/a",
        minLength: 1,
        definitions: { a: {} },
      },
    ],
    ["what draft-07 passes over", { $schema: "http://json-schema.org/draft-07/schema#", prefixItems: [{}] }],
    ["1,000 levels", nested(1_000)],
    ["5 MB", { enum: ["x".repeat(5_000_000)] }],
    [
      "too many patterns for names",
      { patternProperties: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`^${index}`, {}])) },
    ],
    ["too many subschemas", { anyOf: Array.from({ length: 30_000 }, (_, index) => ({ minLength: index })) }],
  ] as const)("%s", ([, schema]) => {
    expect(problemsOf(schema)).toHaveLength(1);
  });

  test("a chain of thousands of definitions", () => {
    const definitions = Array.from({ length: 5_000 }, (_, index) => [
      `d${index}`,
      { items: { $ref: `#/$defs/d${index + 1}` } },
    ]);
    const schema = { $ref: "#/$defs/d0", $defs: { ...Object.fromEntries(definitions), d5000: {} } };
    expect(problemsOf(schema).at(-1)?.problem).toContain("nested references");
  });
});

describe("both drafts", () => {
  test("tuples, definitions and dependencies of draft-07 mean what their successors mean", () => {
    const old = {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { text: { type: "string" } },
      type: "object",
      properties: { pair: { type: "array", items: [{ $ref: "#/definitions/text" }], additionalItems: false } },
      dependencies: { a: ["b"], c: { required: ["d"] } },
    };
    const young = {
      $defs: { text: { $anchor: "text", type: "string" } },
      type: "object",
      properties: { pair: { type: "array", prefixItems: [{ $ref: "#text" }], items: false } },
      dependentRequired: { a: ["b"] },
      dependentSchemas: { c: { required: ["d"] } },
    };
    expect(compareSchemas({ writer: old, reader: young }).verdict).toBe("included");
    expect(compareSchemas({ writer: young, reader: old }).verdict).toBe("included");
  });
});

describe("bounded time", () => {
  test("patterns that take for ever are walked as automata", () => {
    const writer = { enum: [`${"a".repeat(40)}!`] };
    expect(compareSchemas({ writer, reader: { pattern: "^(a+)+$" } }).verdict).toBe("not-included");
    expect(
      compareSchemas({ writer: { type: "string", pattern: "^(a|a)*$" }, reader: { pattern: "^(a+)*$" } }).verdict,
    ).toBe("included");
  });

  test("a deep value, and definitions that use the next one twice", () => {
    let value: unknown = 1;
    for (let level = 0; level < 90; level += 1) value = [value];
    const list = (maxItems: number): object => ({ type: "array", items: { $ref: "#/$defs/list" }, maxItems });
    const reader = { $defs: { list: { anyOf: [list(5), list(6)] } }, $ref: "#/$defs/list" };
    expect(compareSchemas({ writer: { const: value }, reader }).verdict).toBe("not-included");
    const definitions = Array.from({ length: 90 }, (_, index) => {
      const next = (minLength: number): object => ({ allOf: [{ $ref: `#/$defs/d${index + 1}` }], minLength });
      return [`d${index}`, { anyOf: [next(0), next(1)] }];
    });
    const doubling = { $defs: { ...Object.fromEntries(definitions), d90: { type: "integer" } }, $ref: "#/$defs/d0" };
    expect(compareSchemas({ writer: { enum: ["a", "b"] }, reader: doubling }).verdict).toBe("not-included");
  });

  test("long texts and large patterns cost no more than they may", { timeout: 60_000 }, () => {
    const texts = Array.from({ length: 100 }, (_, index) => `${"a".repeat(9_000)}${index}`);
    const nested = { pattern: "^((a?){150})*$" };
    expect(compareSchemas({ writer: { enum: ["a".repeat(900_000)] }, reader: nested }).verdict).toBe("undecided");
    expect(compareSchemas({ writer: { enum: texts }, reader: nested }).verdict).toBe("undecided");
    const signs = Array.from({ length: 300 }, (_, index) => String.fromCodePoint(0x4e00 + index * 2)).join("");
    const names = (more: number): object => ({
      properties: Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [`p${index}`, { pattern: `^[${signs}]{0,${100 + index + more}}$` }]),
      ),
    });
    expect(compareSchemas({ writer: names(0), reader: names(1) }).verdict).toBe("undecided");
  });

  test("long lists of values and of alternatives", { timeout: 30_000 }, () => {
    const values = Array.from({ length: 50_000 }, (_, index) => index);
    expect(compareSchemas({ writer: { enum: values.slice(1) }, reader: { enum: values } }).verdict).toBe("included");
    const variants = Array.from({ length: 3_000 }, (_, index) => ({
      properties: { kind: { const: index } },
      required: ["kind"],
    }));
    const reader = { oneOf: [...variants, { type: "string" }] };
    expect(compareSchemas({ writer: { oneOf: variants }, reader }).verdict).toBe("undecided");
  });

  test("more alternatives than can be tried are undecided, and it says so", { timeout: 30_000 }, () => {
    const pigeons = Array.from({ length: 8 }, (_, pigeon) => `p${pigeon}`);
    const holes = Array.from({ length: 7 }, (_, hole) => hole);
    const isElsewhere = (pigeon: string, hole: number): object => ({
      properties: { [pigeon]: { not: { const: hole } } },
    });
    const writer = {
      type: "object",
      properties: Object.fromEntries(pigeons.map((pigeon) => [pigeon, { enum: holes }])),
      required: pigeons,
      allOf: pigeons.flatMap((one, index) =>
        pigeons
          .slice(index + 1)
          .flatMap((other) => holes.map((hole) => ({ anyOf: [isElsewhere(one, hole), isElsewhere(other, hole)] }))),
      ),
    };
    expect(compareSchemas({ writer, reader: { type: "string" } })).toEqual({
      verdict: "undecided",
      reasons: ["the schemas have more alternatives than can be compared"],
    });
  });
});
