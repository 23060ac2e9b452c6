import { parentPort } from "node:worker_threads";
import { composition } from "@polder/model";
import { orders, ordersOf, Payment, paid, run, Storefront, storefront } from "./order-history.ts";

// Composes 10,000 orders with three joins, in a process whose memory is bounded by whoever started it.

const keys = (found: { readonly orders: { readonly orders: readonly { readonly orderId: string }[] } }) =>
  found.orders.orders.map(({ orderId }) => orderId);
const payments = { query: Payment.ofOrders, keys } as const;
const history = composition(storefront, Storefront.history, {
  sources: { orders },
  joins: {
    one: payments,
    two: { ...payments, input: { currency: { always: "EUR" } } },
    three: { ...payments, deadlineMs: 9_000 },
  },
  answer: ({ orders: found, one, two, three }) => ({
    orders: found.orders.map(({ orderId }) => [one, two, three].map((all) => all.one(orderId)?.amount)),
  }),
});

let calls = 0;
let most = 0;
let running = 0;
const ids = Array.from({ length: 10_000 }, () => crypto.randomUUID());
const answers = {
  "order.ofCustomer": ordersOf(ids),
  "payment.ofOrders": async (...call: Parameters<typeof paid>) => {
    calls += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return await paid(...call);
  },
};
// Several times over, so that what one run leaves behind would show.
let rows = 0;
for (let round = 0; round < 5; round += 1) {
  const answered = (await run(history, { answers })) as { readonly orders: readonly (readonly number[])[] };
  rows = answered.orders.filter((amounts) => amounts.every((amount) => amount === 1)).length;
}
parentPort?.postMessage({ rows, calls, most });
