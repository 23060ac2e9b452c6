import { event } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { compareDocuments, describeComparison, describeContract } from "./index.ts";

const Parcel = z.object({ orderId: z.uuid(), weight: z.int().max(30_000) });
const Shipped = event("fulfillment.Shipped", {
  key: "orderId",
  versions: {
    "1.0.0": Parcel,
    "1.1.0": Parcel.extend({ weight: z.int().max(50_000), note: z.string().optional() }),
  },
});

test("two versions of an event", () => {
  // #region example
  const earlier = describeContract(Shipped, "1.0.0");
  const later = describeContract(Shipped, "1.1.0");
  const { step, findings } = compareDocuments(earlier, later);
  // #endregion example
  expect(step).toBe("major");
  expect(findings.map(({ rule, step }) => [rule, step])).toEqual([
    ["property-added-optional", "minor"],
    ["bound-widened", "major"],
  ]);
  expect(describeComparison(compareDocuments(earlier, later))).toBe(
    [
      "fulfillment.Shipped 1.1.0 is a major step from 1.0.0:",
      "  major bound-widened: /schema/properties/weight has maximum 50000 instead of 30000: consumers of 1.0.0 may get events of 1.1.0 that they cannot read.",
      `    for example ${JSON.stringify(findings[1]?.witness?.value)}`,
      `    ${findings[1]?.wayOut}`,
      "  minor property-added-optional: /schema/properties/note is new.",
    ].join("\n"),
  );
});
