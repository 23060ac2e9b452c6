import { api, command, event, type JsonSchema } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { describeContract, type EventDocument } from "../index.ts";

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

test("a pattern stays where it says more than the format beside it, or all that there is to say", () => {
  const textOf = (text: z.ZodType): unknown => {
    const Said = event("a.Said", { key: "id", versions: { "1.0.0": z.object({ id: z.string(), text }) } });
    const { schema } = describeContract(Said as never) as EventDocument;
    return (schema["properties"] as JsonSchema)["text"];
  };
  expect(textOf(z.uuid())).toEqual({ type: "string", format: "uuid" });
  expect(textOf(z.iso.datetime())).toEqual({ type: "string", format: "date-time" });
  expect(textOf(z.email())).toEqual({ type: "string", format: "email" });
  expect(textOf(z.uuidv7())).toMatchObject({ format: "uuid", pattern: expect.stringContaining("-7") });
  expect(textOf(z.email({ pattern: /^.+@corp[.]example$/ }))).toMatchObject({
    format: "email",
    pattern: "^.+@corp[.]example$",
  });
  expect(textOf(z.string().startsWith("ab"))).toEqual({ type: "string", pattern: "^ab.*" });
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
