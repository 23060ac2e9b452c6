import { api, command, event } from "@polder/model";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchemasOf } from "../index.ts";

const addFormats = addFormatsModule as unknown as (ajv: object) => void;
const Line = z.object({ sku: z.string(), quantity: z.int().default(1) }).meta({ id: "Line" });
const Part = z.object({
  name: z.string(),
  get parts() {
    return z.array(Part);
  },
});

const Placed = event("order.Placed", {
  key: "orderId",
  versions: {
    "1.0.0": z.object({ orderId: z.uuid(), first: Line, others: z.array(Line), at: z.tuple([z.int(), z.string()]) }),
  },
});
const Order = api("order", {
  versions: {
    "1.0.0": {
      place: command("POST /orders", {
        input: z.object({ line: Line, part: Part }),
        output: z.object({ orderId: z.uuid() }),
        refusals: { TooMany: z.object({ line: Line }) },
      }),
    },
  },
});

describe.each([
  ["2020-12", new Ajv2020({ strict: true })],
  ["draft-07", new Ajv({ strict: true, strictTuples: false })],
] as const)("draft %s", (draft, ajv) => {
  addFormats(ajv);
  const schemas = [...jsonSchemasOf(Placed), ...jsonSchemasOf(Order)].filter((one) => one.draft === draft);
  for (const { schema } of schemas) ajv.addSchema(schema);
  const id = (contract: string) => `urn:polder:${contract}:1.0.0${draft === "draft-07" ? ":draft-07" : ""}`;
  const orderId = "0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e";
  const line = { sku: "a", quantity: 2 };

  test("an event: defaults are there, and more may come", () => {
    const payload = { orderId, first: line, others: [line], at: [1, "b"], later: true };
    expect(ajv.validate(id("order.Placed"), payload)).toBe(true);
    expect(ajv.validate(id("order.Placed"), { ...payload, first: { sku: "a" } })).toBe(false);
    expect(ajv.validate(id("order.Placed"), { ...payload, at: ["b", 1] })).toBe(false);
    expect(ajv.validate(id("order.Placed"), { ...payload, orderId: "x" })).toBe(false);
  });

  test("an API: its inputs are closed, its answers open, named schemas and recursion hold", () => {
    const part = (name: string) => `${id("order")}#/${draft === "draft-07" ? "definitions" : "$defs"}/${name}`;
    const input = { line: { sku: "a" }, part: { name: "whole", parts: [{ name: "half", parts: [] }] } };
    expect(ajv.validate(part("place.input"), input)).toBe(true);
    expect(ajv.validate(part("place.input"), { ...input, more: 1 })).toBe(false);
    expect(ajv.validate(part("place.input"), { ...input, part: { name: "whole", parts: [{}] } })).toBe(false);
    expect(ajv.validate(part("place.output"), { orderId, more: 1 })).toBe(true);
    expect(ajv.validate(part("place.TooMany"), { line: { sku: "a" } })).toBe(false);
  });
});
