import { api, command, event, type JsonSchema, query } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { type ApiDocument, describeContract, type EventDocument, frozenText, readFrozen } from "../index.ts";

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

test("a query that answers for many keys or page by page says so; of another nothing is written", () => {
  const output = z.object({ all: z.array(z.object({ id: z.string() })), next: z.string().optional() });
  const batch = { keys: "ids", items: "all", key: "id" } as const;
  const pages = { after: "after", items: "all", next: "next" } as const;
  const input = z.object({ ids: z.array(z.string()).max(5).optional(), after: z.string().optional() });
  const Shelf = api("shelf", {
    versions: {
      "1.0.0": {
        some: query("GET /some", { input, output, batch, pages }),
        all: query("GET /all", { input, output }),
      },
    },
  });
  const document = describeContract(Shelf);
  expect(document).toMatchObject({ operations: { some: { batch, pages } } });
  expect(readFrozen(frozenText(document), "file")).toEqual(JSON.parse(frozenText(document)));
  const { all, some } = (document as ApiDocument).operations;
  expect(Object.keys(all ?? {})).toEqual(
    Object.keys(some ?? {}).filter((name) => name !== "batch" && name !== "pages"),
  );
});

test("DOCUMENT_VERSION_UNKNOWN names the versions that there are", () => {
  expect(() => describeContract(Reserved, "2.0.0")).toThrow(
    expect.objectContaining({ code: "DOCUMENT_VERSION_UNKNOWN", message: expect.stringContaining("it has 1.0.0") }),
  );
});
