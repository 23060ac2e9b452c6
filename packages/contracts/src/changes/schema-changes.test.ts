import type { JsonSchema } from "@polder/model";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { describe, expect, test } from "vitest";
import { asRequest, asResponse, eventDocument, object, one, text } from "../../test/documents.ts";
import { type Comparison, compareDocuments, type RuleId, rules, type Step } from "../index.ts";
import { closed, filled, opened } from "../schema/view.ts";

const ajv = new Ajv2020({ strict: false, formats: fullFormats });

const card = object({ kind: { const: "card" }, number: text }, "kind", "number");
const cash = object({ kind: { const: "cash" } }, "kind");
const anyKind = object({ kind: text }, "kind");
const open = (...values: readonly string[]): JsonSchema => ({
  type: "string",
  examples: values,
  "x-extensible-enum": values,
});

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
