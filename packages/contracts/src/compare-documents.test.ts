import type { JsonSchema } from "@polder/model";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { describe, expect, test } from "vitest";
import {
  type ApiDocument,
  type Comparison,
  compareDocuments,
  compareWithLiving,
  describeComparison,
  type EventDocument,
  type OperationDocument,
  type RuleId,
  rules,
  type Step,
} from "./index.ts";
import { closed, filled, opened } from "./schema/view.ts";

const ajv = new Ajv2020({ strict: false, formats: fullFormats });

const object = (properties: object, ...required: readonly string[]): JsonSchema => ({
  type: "object",
  properties,
  required,
});
const text = { type: "string" };
const one = (schema: unknown): JsonSchema => object({ a: schema }, "a");
const card = object({ kind: { const: "card" }, number: text }, "kind", "number");
const cash = object({ kind: { const: "cash" } }, "kind");
const anyKind = object({ kind: text }, "kind");
const open = (...values: readonly string[]): JsonSchema => ({
  type: "string",
  examples: values,
  "x-extensible-enum": values,
});

function eventDocument(schema: JsonSchema, version: `${number}.${number}.${number}` = "1.0.0"): EventDocument {
  return { kind: "event", name: "order.Placed", version, key: "orderId", schema };
}

function apiDocument(operation: Partial<OperationDocument>): ApiDocument {
  const whole: OperationDocument = {
    kind: "command",
    method: "POST",
    path: "/orders",
    input: object({}),
    output: object({}),
    refusals: {},
    ...operation,
  };
  return { kind: "api", name: "order", version: "1.0.0", operations: { place: whole } };
}

const asRequest = (schema: JsonSchema): ApiDocument => apiDocument({ input: schema });
const asResponse = (schema: JsonSchema): ApiDocument => apiDocument({ output: schema });

interface Row {
  readonly rule: RuleId;
  readonly from: JsonSchema;
  readonly to: JsonSchema;
  readonly steps: readonly [request: Step, response: Step, event: Step];
}

const row = (rule: RuleId, from: JsonSchema, to: JsonSchema, ...steps: Row["steps"]): Row => ({
  rule,
  from,
  to,
  steps,
});

const table: readonly Row[] = [
  row("property-added-optional", object({}), object({ a: text }), "minor", "minor", "minor"),
  row("property-added-required", object({}), one(text), "major", "minor", "major"),
  row("property-added-with-default", object({}), object({ a: { ...text, default: "" } }), "minor", "minor", "minor"),
  row("property-removed-optional", object({ a: text }), object({}), "major", "major", "major"),
  row(
    "property-removed-deprecated",
    object({ a: { ...text, deprecated: true } }),
    object({}),
    "major",
    "minor",
    "minor",
  ),
  row("property-removed-required", one(text), object({}), "major", "major", "major"),
  row("property-became-optional", one(text), object({ a: text }), "minor", "major", "major"),
  row("property-became-required", object({ a: text }), one(text), "major", "minor", "major"),
  row("property-gained-default", one(text), object({ a: { ...text, default: "" } }), "minor", "minor", "minor"),
  row("property-lost-default", object({ a: { ...text, default: "" } }), one(text), "major", "minor", "minor"),
  row(
    "default-changed",
    object({ a: { ...text, default: "" } }),
    object({ a: { ...text, default: "b" } }),
    "minor",
    "minor",
    "minor",
  ),
  row("type-widened", one({ type: "integer" }), one({ type: "number" }), "minor", "major", "major"),
  row("type-narrowed", one({ type: "number" }), one({ type: "integer" }), "major", "minor", "major"),
  row("type-changed", one(text), one({ type: "integer" }), "major", "major", "major"),
  row("bound-widened", one({ ...text, maxLength: 3 }), one({ ...text, maxLength: 4 }), "minor", "major", "major"),
  row("bound-widened", one({ type: "array", maxItems: 3 }), one({ type: "array" }), "minor", "major", "major"),
  row(
    "bound-narrowed",
    one({ type: "integer", minimum: 1 }),
    one({ type: "integer", minimum: 2 }),
    "major",
    "minor",
    "major",
  ),
  row(
    "bound-changed",
    one({ type: "integer", minimum: 1, maximum: 5 }),
    one({ type: "integer", minimum: 2, maximum: 6 }),
    "major",
    "major",
    "major",
  ),
  row("format-widened", one({ ...text, format: "uuid" }), one(text), "minor", "major", "major"),
  row("format-narrowed", one(text), one({ ...text, pattern: "^[a-z]+$" }), "major", "minor", "major"),
  row(
    "format-narrowed",
    one({ ...text, format: "uuid" }),
    one({ ...text, format: "uuid", pattern: "^.{14}7" }),
    "major",
    "minor",
    "major",
  ),
  row(
    "format-changed",
    one({ ...text, pattern: "^[a-c]+$" }),
    one({ ...text, pattern: "^[b-d]+$" }),
    "major",
    "major",
    "major",
  ),
  row("enum-value-added", one({ enum: ["a"] }), one({ enum: ["a", "b"] }), "minor", "major", "major"),
  row("enum-value-removed", one({ enum: ["a", "b"] }), one({ enum: ["a"] }), "major", "minor", "major"),
  row("open-enum-value-added", one(open("a")), one(open("a", "b")), "minor", "minor", "minor"),
  row("open-enum-value-removed", one(open("a", "b")), one(open("a")), "minor", "minor", "minor"),
  row("union-variant-added", one({ oneOf: [card] }), one({ oneOf: [card, cash] }), "minor", "major", "major"),
  row("union-variant-removed", one({ oneOf: [cash, card] }), one({ oneOf: [card] }), "major", "minor", "major"),
  row(
    "open-union-variant-added",
    one({ anyOf: [card, anyKind] }),
    one({ anyOf: [card, cash, anyKind] }),
    "minor",
    "minor",
    "minor",
  ),
  row("null-allowed", one(text), one({ type: ["string", "null"] }), "minor", "major", "major"),
  row("null-allowed", one(card), one({ anyOf: [card, { type: "null" }] }), "minor", "major", "major"),
  row("null-refused", one({ type: ["string", "null"] }), one(text), "major", "minor", "major"),
  row("rule-widened", one({ type: "array", uniqueItems: true }), one({ type: "array" }), "minor", "major", "major"),
  row("rule-narrowed", one(text), one({ ...text, not: { const: "x" } }), "major", "minor", "major"),
  row(
    "rule-changed",
    one({ ...text, not: { const: "y" } }),
    one({ ...text, not: { const: "x" } }),
    "major",
    "major",
    "major",
  ),
  row(
    "unknown-fields-allowed",
    object({ a: text }),
    { ...object({ a: text }), additionalProperties: {} },
    "minor",
    "minor",
    "minor",
  ),
  row(
    "unknown-fields-refused",
    { ...object({ a: text }), additionalProperties: {} },
    object({ a: text }),
    "major",
    "minor",
    "minor",
  ),
  row(
    "content-changed",
    one({ ...text, contentEncoding: "base64" }),
    one({ ...text, contentEncoding: "base16" }),
    "major",
    "major",
    "major",
  ),
  row("annotation-changed", one(text), one({ ...text, description: "A letter" }), "patch", "patch", "patch"),
  row(
    "rewritten",
    one({ ...text, pattern: "^(a|b)$" }),
    one({ ...text, pattern: "^[ab]$" }),
    "patch",
    "patch",
    "patch",
  ),
];

function changeOf({ from, to }: Row): Readonly<Record<"request" | "response" | "event", Comparison>> {
  return {
    request: compareDocuments(asRequest(from), asRequest(to)),
    response: compareDocuments(asResponse(from), asResponse(to)),
    event: compareDocuments(eventDocument(from), eventDocument(to)),
  };
}

describe("what a change costs", () => {
  test.for(table)("$rule: $steps", (one) => {
    const { request, response, event } = changeOf(one);
    for (const { findings } of [request, response, event]) expect(findings.map(({ rule }) => rule)).toEqual([one.rule]);
    expect([request.step, response.step, event.step]).toEqual(one.steps);
  });

  test("every rule about schemas has a row, but those that only proof finds", () => {
    const tested = new Set<string>(table.map(({ rule }) => rule));
    const left = Object.entries(rules).filter(([id, { request }]) => request !== undefined && !tested.has(id));
    expect(left.map(([id]) => id)).toEqual(["incompatible", "undecided"]);
  });
});

/** Changes that only people see as one: what is written can still be read. */
const harmless = new Set<string>(["property-removed-optional", "content-changed"]);

describe("a witness is written and really refused", () => {
  const breaking = table.filter(({ rule, steps }) => steps.includes("major") && !harmless.has(rule));
  test.for(breaking)("$rule", ({ from, to, steps }) => {
    const { request, response } = changeOf({ rule: "incompatible", from, to, steps });
    for (const [{ findings }, written, read] of [
      [request, closed(from), closed(to)],
      [response, closed(filled(to)), opened(from)],
    ] as const) {
      for (const { step, witness } of findings) {
        if (step !== "major") continue;
        expect(witness).toBeDefined();
        expect(ajv.validate(written, witness?.value)).toBe(true);
        expect(ajv.validate(read, witness?.value)).toBe(false);
      }
    }
  });
});

describe("operations", () => {
  const changed = (
    from: Partial<OperationDocument>,
    to: Partial<OperationDocument>,
  ): readonly (readonly [string, Step])[] =>
    compareDocuments(apiDocument(from), apiDocument(to)).findings.map(({ rule, step }) => [rule, step]);

  test("routes, kinds, refusals and access", () => {
    expect(changed({}, { path: "/purchases" })).toEqual([["path-changed", "major"]]);
    expect(changed({}, { method: "PUT" })).toEqual([["method-changed", "major"]]);
    expect(changed({ kind: "query" }, {})).toEqual([["operation-kind-changed", "major"]]);
    expect(changed({}, { refusals: { SoldOut: object({}) } })).toEqual([["refusal-added", "major"]]);
    expect(changed({ refusals: { SoldOut: object({}) } }, {})).toEqual([["refusal-removed", "minor"]]);
    expect(changed({ refusals: { SoldOut: one(text) } }, { refusals: { SoldOut: object({}) } })).toEqual([
      ["property-removed-required", "major"],
    ]);
  });

  test("access opens from domains over permissions to anyone, and narrows on every other way", () => {
    const access = ["orders.write", "signed-in", "anyone"];
    for (const [index, wide] of access.entries()) {
      expect(changed({}, { access: wide })).toEqual([["access-opened", "minor"]]);
      expect(changed({ access: wide }, {})).toEqual([["access-narrowed", "major"]]);
      for (const narrow of access.slice(0, index)) {
        expect(changed({ access: narrow }, { access: wide })).toEqual([["access-opened", "minor"]]);
        expect(changed({ access: wide }, { access: narrow })).toEqual([["access-narrowed", "major"]]);
      }
    }
    expect(changed({ access: "orders.read" }, { access: "orders.write" })).toEqual([["access-narrowed", "major"]]);
  });

  test("answers for many keys, and page by page", () => {
    const ways = {
      batch: { keys: "ids", items: "all", key: "id" },
      pages: { after: "after", items: "all", next: "next" },
    } as const;
    for (const way of ["batch", "pages"] as const) {
      const said = { [way]: ways[way] };
      expect(changed({}, said)).toEqual([[`${way}-added`, "minor"]]);
      expect(changed(said, {})).toEqual([[`${way}-removed`, "major"]]);
      expect(changed(said, { [way]: { ...ways[way], items: "others" } })).toEqual([[`${way}-changed`, "major"]]);
      expect(changed(said, { [way]: Object.fromEntries(Object.entries(ways[way]).reverse()) })).toEqual([]);
    }
  });

  test("operations that come and go", () => {
    const none: ApiDocument = { ...apiDocument({}), operations: {} };
    expect(compareDocuments(none, apiDocument({}))).toMatchObject({
      step: "minor",
      findings: [{ rule: "operation-added" }],
    });
    expect(compareDocuments(apiDocument({}), none)).toMatchObject({
      step: "major",
      findings: [{ rule: "operation-removed", pointer: "/operations/place" }],
    });
  });
});

test("a finding says who breaks and how, and what to do", () => {
  const comparison = compareDocuments(asResponse(one({ enum: ["a"] })), asResponse(one({ enum: ["a", "b"] })));
  expect(comparison.findings).toEqual([
    {
      rule: "enum-value-added",
      pointer: "/operations/place/output/properties/a",
      directions: ["response"],
      step: "major",
      change: '/operations/place/output/properties/a may now be "b"',
      problem: `/operations/place/output/properties/a may now be "b": callers of 1.0.0 may get answers of 1.0.0 that they cannot use.`,
      wayOut: expect.stringContaining("openEnum"),
      witness: { value: { a: "b" } },
      against: "1.0.0",
    },
  ]);
  expect(describeComparison(comparison)).toContain("major enum-value-added");
});

test("nothing changed: nothing is found", () => {
  const comparison = compareDocuments(eventDocument(one(text)), eventDocument(one(text), "1.0.1"));
  expect(comparison).toEqual({ name: "order.Placed", from: "1.0.0", to: "1.0.1", step: "none", findings: [] });
  expect(describeComparison(comparison)).toBe("order.Placed 1.0.1 says the same as 1.0.0.");
});

test("another key orders events otherwise", () => {
  const other = { ...eventDocument(object({})), key: "sku" };
  expect(compareDocuments(eventDocument(object({})), other)).toMatchObject({
    step: "major",
    findings: [{ rule: "key-changed", pointer: "/key" }],
  });
});

test("a field that comes back with another type is found against the version that had it", () => {
  const living = [
    eventDocument(object({ a: { ...text, deprecated: true } })),
    eventDocument(object({}), "1.1.0"),
    eventDocument(one({ type: "integer" }), "0.9.0"),
  ];
  const back = eventDocument(object({ a: { type: "integer" } }), "1.2.0");
  expect(compareDocuments(living[1] as EventDocument, back).step).toBe("minor");
  const comparison = compareWithLiving(living, back);
  expect(comparison).toMatchObject({ from: "1.1.0", to: "1.2.0", step: "major" });
  expect(comparison.findings).toMatchObject([
    { rule: "property-added-optional", against: "1.1.0" },
    { rule: "type-changed", against: "1.0.0" },
  ]);
});

test("what only proof finds: a variant that cannot be told from the others", () => {
  const from = { anyOf: [object({ a: text }), object({ b: text })] };
  const to = { oneOf: [object({ a: text }), object({ b: text })] };
  const { step, findings } = compareDocuments(asRequest(one(from)), asRequest(one(to)));
  expect(step).toBe("major");
  expect(findings.at(-1)).toMatchObject({ rule: "incompatible", witness: { value: { a: {} } } });
});

test("a change inside an intersection of named schemas is found at its place, and is not called harmless", () => {
  const pet = (...kinds: readonly string[]): JsonSchema => ({
    $ref: "#/$defs/Pet",
    $defs: {
      Named: one(text),
      Pet: { allOf: [{ $ref: "#/$defs/Named" }, object({ kind: { enum: kinds } }, "kind")] },
    },
  });
  const { step, findings } = compareDocuments(asResponse(pet("cat")), asResponse(pet("cat", "dog")));
  expect(step).toBe("major");
  expect(findings).toMatchObject([
    {
      rule: "enum-value-added",
      pointer: "/operations/place/output/$defs/Pet/allOf/1/properties/kind",
      witness: { value: { a: "", kind: "dog" } },
    },
  ]);
  expect(compareDocuments(asRequest(pet("cat")), asRequest(pet("cat", "dog"))).step).toBe("minor");
});

test("nothing is said to be the same that is not, however it is written", () => {
  const union = { anyOf: [one(text), object({ b: text })] };
  const extended = { $defs: { A: one({ type: "integer" }) }, $ref: "#/$defs/A", properties: { b: text } };
  const wider = { ...extended, $defs: { A: one({ type: "number" }) } };
  for (const [from, to] of [
    [{ ...union, minProperties: 1 }, union],
    [extended, wider],
  ] as const) {
    expect(compareDocuments(asRequest(from), asRequest(to))).toMatchObject({
      step: "minor",
      findings: [{ rule: "rule-widened", pointer: "/operations/place/input" }],
    });
    expect(compareDocuments(asResponse(from), asResponse(to)).step).toBe("major");
  }
});

test("fields of a definition count where it is used beside other fields", () => {
  const order = (schema: object): JsonSchema => ({
    $defs: { Line: one(schema) },
    allOf: [{ $ref: "#/$defs/Line" }, object({ b: text })],
  });
  for (const as of [asRequest, asResponse, eventDocument])
    expect(compareDocuments(as(order(text)), as(order({ type: "integer" })))).toMatchObject({ step: "major" });
  expect(compareDocuments(asRequest(order(text)), asRequest(order({}))).step).toBe("minor");
});

test("what cannot be decided counts as breaking, and says why", () => {
  const from = one({ ...text, pattern: "^a" });
  const to = one({ ...text, pattern: "^a(?!b)" });
  const comparison = compareDocuments(asRequest(from), asRequest(to));
  expect(comparison).toMatchObject({ step: "major", findings: [{ rule: "undecided" }] });
});

test("a union of a thousand variants that have all changed", { timeout: 60_000 }, () => {
  const union = (mark: string): JsonSchema => ({
    oneOf: Array.from({ length: 1_000 }, (_, index) => object({ kind: { const: `${mark}${index}` } }, "kind")),
  });
  const { step, findings } = compareDocuments(eventDocument(union("a")), eventDocument(union("b"), "2.0.0"));
  expect(step).toBe("major");
  expect(findings).toHaveLength(2_000);
});

test("DOCUMENTS_UNRELATED for two contracts", () => {
  expect(() => compareDocuments(asRequest(object({})), eventDocument(object({})))).toThrow(
    expect.objectContaining({ code: "DOCUMENTS_UNRELATED" }),
  );
});

test("SCHEMA_UNSUPPORTED names the document, the part and the place", () => {
  const broken = one({ type: "strnig", required: "a" });
  expect(() => compareDocuments(asResponse(one(text)), asResponse(broken))).toThrow(
    expect.objectContaining({
      code: "SCHEMA_UNSUPPORTED",
      message: expect.stringMatching(
        /The API "order" 1\.0\.0: \/operations\/place\/output[\s\S]*\/properties\/a\/type[\s\S]*\/properties\/a\/required/,
      ),
    }),
  );
});
