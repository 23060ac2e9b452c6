import { api, command, event } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { registeredSchemasOf } from "./registered-schemas.ts";

const id = z.string();

test("an event has a subject for each major, an API one for each part of its operations", () => {
  const Placed = event("order.OrderPlaced", {
    key: "id",
    versions: { "1.0.0": z.object({ id }), "1.1.0": z.object({ id, note: id.optional() }) },
  });
  expect(registeredSchemasOf(Placed).map(({ subject, version }) => `${subject} ${version}`)).toEqual([
    "order.OrderPlaced.v1-value 1.0.0",
    "order.OrderPlaced.v1-value 1.1.0",
  ]);
  const Order = api("order", {
    versions: {
      "1.0.0": {
        place: command("POST /orders", {
          input: z.object({ id }),
          output: z.object({ id }),
          refusals: { TooMany: z.object({}) },
        }),
      },
    },
  });
  expect(registeredSchemasOf(Order).map(({ subject, compatibility }) => `${subject} ${compatibility}`)).toEqual([
    "order.place.v1-input BACKWARD_TRANSITIVE",
    "order.place.v1-output FORWARD_TRANSITIVE",
    "order.place.v1-TooMany FORWARD_TRANSITIVE",
  ]);
});

test("schemas are closed, in draft-07, and without keywords of vendors", () => {
  const state = z.string().meta({ "x-extensible-enum": ["on"], examples: ["on"] });
  const Changed = event("lamp.Changed", {
    key: "id",
    versions: { "1.0.0": z.object({ id, pair: z.tuple([state, state]) }) },
  });
  expect(registeredSchemasOf(Changed).map(({ schema }) => schema)).toEqual([
    {
      $schema: "http://json-schema.org/draft-07/schema#",
      title: "lamp.Changed",
      type: "object",
      properties: {
        id: { type: "string" },
        pair: {
          type: "array",
          items: [
            { type: "string", examples: ["on"] },
            { type: "string", examples: ["on"] },
          ],
          additionalItems: false,
          minItems: 2,
          maxItems: 2,
        },
      },
      required: ["id", "pair"],
      additionalProperties: false,
    },
  ]);
});
