import { api, domain, event, need, query, team } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { asyncApiOf } from "../index.ts";

const Address = z.object({ street: z.string() }).meta({ id: "Address" });
const Paid = event("payment.Paid", { key: "orderId", versions: { "1.2.0": z.object({ orderId: z.uuid() }) } });
const Moved = event("customer.Moved", {
  key: "customerId",
  versions: {
    "1.0.0": z.object({ customerId: z.uuid(), street: z.string() }),
    "2.0.0": z.object({ customerId: z.uuid(), to: Address, from: Address.optional(), times: z.int().default(1) }),
  },
  converters: {
    "2.0.0": {
      up: ({ customerId, street }) => ({ customerId, to: { street } }),
      down: ({ customerId, to }) => ({ customerId, street: to.street }),
    },
  },
});
const Customer = api("customer", { versions: { "1.0.0": { all: query("GET /customers") } } });

test("what a domain publishes and what it gets, with a channel for each log", () => {
  // #region example
  const customer = domain("customer", {
    owner: team("Customer Care", { contact: "care@shop.example" }),
    capability: "Know who buys",
    publishes: [Customer, Moved],
    needs: [need(Paid, "1.2.0")],
  });
  const document = asyncApiOf(customer);
  // #endregion example
  expect(document).toMatchObject({
    asyncapi: "3.1.0",
    info: { title: "customer", version: "2.0.0", contact: { name: "Customer Care", email: "care@shop.example" } },
    channels: {
      customer: {
        address: "/domains/customer",
        messages: {
          "Moved-1.0.0": { name: "customer.Moved", "x-key": "customerId" },
          "Moved-2.0.0": { payload: { $ref: "#/components/schemas/Moved-2.0.0" } },
        },
      },
      payment: { messages: { "Paid-1.2.0": { "x-dataschema": "urn:polder:payment.Paid:1.2.0" } } },
    },
    operations: {
      publishMoved: {
        action: "send",
        channel: { $ref: "#/channels/customer" },
        messages: [{ $ref: "#/channels/customer/messages/Moved-2.0.0" }],
      },
      receivePaidFromPayment: {
        action: "receive",
        messages: [{ $ref: "#/channels/payment/messages/Paid-1.2.0" }],
      },
    },
    components: {
      schemas: {
        Address: { type: "object", required: ["street"] },
        "Moved-2.0.0": {
          required: ["customerId", "to", "times"],
          properties: { to: { $ref: "#/components/schemas/Address" } },
        },
      },
    },
  });
});

test("a domain without events has neither channels nor operations", () => {
  const quiet = domain("quiet", { owner: team("Nobody", { contact: "#nobody" }), capability: "Say nothing" });
  expect(asyncApiOf(quiet)).toMatchObject({ info: { version: "0.0.0" }, channels: {}, operations: {} });
});
