import { api, command, event } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { describeContract } from "../index.ts";

const Reserved = event("inventory.StockReserved", {
  key: "sku",
  versions: { "1.0.0": z.object({ sku: z.string(), quantity: z.int().default(1), orderId: z.uuid() }) },
});

test("an event as plain JSON, without what the schema library adds for itself", () => {
  expect(describeContract(Reserved)).toEqual({
    kind: "event",
    name: "inventory.StockReserved",
    version: "1.0.0",
    key: "sku",
    schema: {
      type: "object",
      properties: {
        sku: { type: "string" },
        quantity: { type: "integer", default: 1 },
        orderId: { type: "string", format: "uuid" },
      },
      required: ["sku", "orderId"],
    },
  });
});

test("an API with its operations, refusals and access", () => {
  const Inventory = api("inventory", {
    versions: {
      "1.0.0": {
        reserve: command("POST /reservations", {
          input: z.object({ sku: z.string() }),
          output: z.object({ reservationId: z.uuid() }),
          refusals: { OutOfStock: z.object({ available: z.int() }) },
          access: "signed-in",
        }),
      },
    },
  });
  const document = describeContract(Inventory, "1.0.0");
  expect(document).toEqual(JSON.parse(JSON.stringify(document)));
  expect(document).toMatchObject({
    kind: "api",
    name: "inventory",
    operations: {
      reserve: {
        kind: "command",
        method: "POST",
        path: "/reservations",
        access: "signed-in",
        input: { type: "object", required: ["sku"] },
        refusals: { OutOfStock: { properties: { available: { type: "integer" } } } },
      },
    },
  });
});

test("DOCUMENT_VERSION_UNKNOWN names the versions that there are", () => {
  expect(() => describeContract(Reserved, "2.0.0")).toThrow(
    expect.objectContaining({ code: "DOCUMENT_VERSION_UNKNOWN", message: expect.stringContaining("it has 1.0.0") }),
  );
});
