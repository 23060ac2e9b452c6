import { createClient } from "@polder/http";
import { type Call, composition, type Domain, silentLogger } from "@polder/model";
import { expect, test } from "vitest";
import { compose } from "../src/index.ts";
import { Order, Payment, Storefront, storefront } from "./order-history.ts";

test("the example of the README", async () => {
  const transport = {
    call: async ({ api }: { readonly api: string }) => {
      const payments = [{ orderId: "o1", amount: 5 }];
      return {
        kind: "answered",
        output: api === "order" ? { orders: [{ orderId: "o1", lines: [] }] } : { payments },
      } as const;
    },
  };
  // A host lends the clients that its handlers have.
  const call = ((contract: never) => createClient(contract, "1.0.0", { transport })) as unknown as Call<Domain>;
  // #region example
  const history = composition(storefront, Storefront.history, {
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId" } } },
    joins: {
      payments: {
        query: Payment.ofOrders,
        keys: ({ orders }) => orders.orders.map(({ orderId }) => orderId),
        optional: true,
      },
    },
    answer: ({ orders, payments }) => ({
      orders: orders.orders.map(({ orderId }) => ({ orderId, paid: payments?.one(orderId)?.amount ?? null })),
    }),
  });
  const { signal } = new AbortController();
  const input = { customerId: "c1" };
  const answer = await compose(history, { input, call, deadlineMs: 5_000, signal, log: silentLogger });
  // #endregion example
  expect(answer).toEqual({ orders: [{ orderId: "o1", paid: 5 }], missing: [] });
});
