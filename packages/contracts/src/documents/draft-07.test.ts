import { expect, test } from "vitest";
import { asDraft07 } from "./draft-07.ts";

test("keywords of 2020-12 become those of draft-07, and what it cannot say is left out", () => {
  expect(
    asDraft07({
      $defs: { A: { type: "string" } },
      prefixItems: [{ $ref: "#/$defs/A" }],
      items: { type: "integer" },
      dependentRequired: { a: ["b"] },
      dependentSchemas: { c: { required: ["d"] } },
      unevaluatedProperties: false,
      contains: { const: 1 },
      minContains: 2,
    }),
  ).toEqual({
    definitions: { A: { type: "string" } },
    items: [{ $ref: "#/definitions/A" }],
    additionalItems: { type: "integer" },
    dependencies: { a: ["b"], c: { required: ["d"] } },
    contains: { const: 1 },
  });
});

test("what stands beside a reference still counts", () => {
  expect(asDraft07({ $ref: "#/$defs/A", description: "Where", $defs: { A: {} } })).toEqual({
    definitions: { A: {} },
    description: "Where",
    allOf: [{ $ref: "#/definitions/A" }],
  });
});
