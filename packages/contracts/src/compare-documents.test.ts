import type { JsonSchema } from "@polder/model";
import { expect, test } from "vitest";
import { asRequest, asResponse, eventDocument, object, one, text } from "../test/documents.ts";
import { compareDocuments, compareWithLiving, describeComparison, type EventDocument } from "./index.ts";

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
