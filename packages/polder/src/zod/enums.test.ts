import { event, jsonSchemaOf } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { closedEnum, openEnum } from "./index.ts";

test("an open enum takes what it does not know, and names what it knows", () => {
  // #region example
  const Shipped = event("fulfillment.Shipped", {
    key: "orderId",
    versions: {
      "1.0.0": z.object({
        orderId: z.uuid(),
        carrier: openEnum("post", "courier"),
        direction: closedEnum("out", "back"),
      }),
    },
  });
  // #endregion example
  const schema = Shipped.versions["1.0.0"];
  const parcel = { orderId: "0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e", carrier: "drone", direction: "out" };
  expect(schema.parse(parcel)).toEqual(parcel);
  expect(schema.safeParse({ ...parcel, direction: "sideways" }).success).toBe(false);
  expect(jsonSchemaOf(schema, "input")["properties"]).toMatchObject({
    carrier: { type: "string", examples: ["post", "courier"], "x-extensible-enum": ["post", "courier"] },
    direction: { type: "string", enum: ["out", "back"], "x-closed-enum": true },
  });
});

test("both nest as any schema of Zod does", () => {
  const schema = z.object({ all: z.array(openEnum("a")), maybe: closedEnum("b").nullable().optional() });
  expect(schema.parse({ all: ["a", "z"], maybe: null })).toEqual({ all: ["a", "z"], maybe: null });
});
