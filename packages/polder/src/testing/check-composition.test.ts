import { api, composition, domain, need, query, type Refusals, team } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { missingSources } from "../zod/index.ts";
import { checkComposition } from "./check-composition.ts";

const seeded = { seed: 1, runs: 50 };

const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /orders", {
        input: z.object({ customerId: z.string() }),
        output: z.object({ orders: z.array(z.object({ orderId: z.uuid(), placed: z.string() })) }),
        refusals: { Unknown: z.object({ customerId: z.string() }) },
      }),
      count: query("GET /count", { output: z.object({ count: z.int() }) }),
    },
  },
});
const Payment = api("payment", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderIds: z.array(z.uuid()).max(100) }),
        output: z.object({ payments: z.array(z.object({ orderId: z.uuid(), amount: z.int().min(1) })) }),
        batch: { keys: "orderIds", items: "payments", key: "orderId" },
      }),
      ofOrder: query("GET /payments/:orderId", {
        input: z.object({ orderId: z.uuid() }),
        output: z.object({ total: z.int() }),
        refusals: { NeverPaid: z.object({}) },
      }),
    },
  },
});

const order = z.object({
  orderId: z.uuid(),
  total: z.int().nullable(),
  payments: z.array(z.int().min(1)).nullable(),
});
/** Composes with these answers of the optional parts, and this contract. */
function composing(
  answered: {
    readonly total?: (total: number | undefined) => number | null;
    readonly payments?: (found: readonly { readonly amount: number }[] | undefined) => number[] | null;
    readonly count?: (count: number | undefined) => number | null;
  } = {},
  refusals: Refusals = { Unknown: z.object({ customerId: z.string() }) },
) {
  const {
    total = (found) => found ?? null,
    payments = (found) => found?.map(({ amount }) => amount) ?? null,
    count = (found) => found ?? null,
  } = answered;
  const Storefront = api("storefront", {
    versions: {
      "1.0.0": {
        history: query("GET /history", {
          input: z.object({ customerId: z.string() }),
          output: z.object({ orders: z.array(order), count: z.int().nullable(), missing: missingSources() }),
          refusals: refusals as { Unknown: z.ZodObject },
        }),
      },
    },
  });
  const storefront = domain("storefront", {
    owner: team("Web", { contact: "#web" }),
    capability: "Show what customers bought",
    publishes: [Storefront],
    needs: [need(Order, "1.0.0"), need(Payment, "1.0.0")],
  });
  return composition(storefront, Storefront.history, {
    sources: {
      orders: { query: Order.ofCustomer, input: { customerId: "customerId" } },
      count: { query: Order.count, optional: true },
    },
    joins: {
      payments: {
        query: Payment.ofOrders,
        keys: ({ orders }) => orders.orders.map(({ orderId }) => orderId),
        optional: true,
      },
      totals: {
        query: Payment.ofOrder,
        keys: ({ payments: found, orders }) =>
          orders.orders.filter(({ orderId }) => found?.one(orderId)).map(({ orderId }) => ({ orderId })),
        absent: ["NeverPaid"],
        optional: true,
      },
    },
    answer: ({ orders, count: found, payments: paid, totals }) => ({
      orders: orders.orders.map(({ orderId }) => ({
        orderId,
        total: total(totals?.one({ orderId })?.total),
        payments: payments(paid?.all(orderId)),
      })),
      count: count(found?.count),
    }),
  });
}

test("a composition that says null for what it does not know passes", async () => {
  await checkComposition(composing(), seeded);
});

test("an answer that its contract does not accept is found: with all parts, and without some", async () => {
  const half = composing({ total: (total) => (total === undefined ? null : total / 2) });
  await expect(checkComposition(half, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ message: expect.stringMatching(/^storefront.history answers what .*\/total/) }),
  });
  const unthinking = composing({ count: (count) => count as number });
  await expect(checkComposition(unthinking, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({
      message: expect.stringMatching(/^storefront.history without .*count.* answers what .*\/count/),
    }),
  });
});

test("a list that is empty because a part is missing is found, with its place", async () => {
  const real = composing({ payments: (found) => found?.map(({ amount }) => amount) ?? [] });
  await expect(checkComposition(real, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({
      message: expect.stringMatching(
        /^storefront.history without .*payments.* an empty list at \/orders\/\d\/payments,/,
      ),
    }),
  });
  await expect(checkComposition(real, seeded)).rejects.toThrow(/seed: 1/);
});

test("a function that throws, or spoils what others see, is found", async () => {
  const throwing = composing({
    total: () => {
      throw new Error("wrong");
    },
  });
  await expect(checkComposition(throwing, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ message: "wrong" }),
  });
  const spoiling = composing({
    payments: (found) => (found as { amount: number }[] | undefined)?.sort().map(() => 1) ?? null,
  });
  await expect(checkComposition(spoiling, seeded)).rejects.toMatchObject({ cause: expect.any(TypeError) });
});

test("a refusal that is passed on fits what the contract says of it", async () => {
  const other = composing({}, { Unknown: z.object({ name: z.string() }) });
  await expect(checkComposition(other, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ message: expect.stringContaining('passes the refusal Unknown of "orders" on') }),
  });
});
