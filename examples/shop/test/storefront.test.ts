import { randomUUID } from "node:crypto";
import { answerOf, checkComposition, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CustomerRegistered, CustomerRenamed } from "../domains/customer/contract.ts";
import { customer } from "../domains/customer/domain.ts";
import { OrderShipped } from "../domains/fulfillment/contract.ts";
import { fulfillment } from "../domains/fulfillment/domain.ts";
import { OrderCancelled, OrderPlaced } from "../domains/order/contract.ts";
import { order } from "../domains/order/domain.ts";
import { PaymentConfirmed, PaymentDeclined } from "../domains/payment/contract.ts";
import { payment } from "../domains/payment/domain.ts";
import storefront from "../domains/storefront/index.ts";
import { orderHistory } from "../domains/storefront/order-history.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([storefront, ...[customer, order, payment, fulfillment].map((domain) => standInFor(domain))]);
});
afterAll(() => shop[Symbol.asyncDispose]());

// #region composition
test("whoever looks at a history sees what it lacks, and nothing that is missing looks real", async () => {
  await checkComposition(orderHistory);
});
// #endregion composition

test("an order is shown from the moment it is known, with what is known of it by then", async () => {
  const { customerId, orderId, placed, paid, shipped } = newOrder();
  const shown = async () => {
    await shop.settled();
    return answerOf(await shop.clients.storefront.searchOrders({ customerId })).orders;
  };
  await publish(shop.host, PaymentConfirmed, paid);
  expect(await shown()).toEqual([]);
  await publish(shop.host, OrderPlaced, placed);
  const known = {
    orderId,
    customerId,
    customerName: null,
    status: "paid",
    totalCents: 500,
    currency: "EUR",
    placedAt: placed.placedAt,
    payment: { status: "confirmed", reason: null },
    shipment: { status: "waiting", trackingNumber: null, shippedAt: null },
  };
  expect(await shown()).toEqual([known]);
  await publish(shop.host, CustomerRegistered, { customerId, firstName: "Ada", lastName: "" });
  await publish(shop.host, OrderShipped, shipped);
  const { trackingNumber, shippedAt } = shipped;
  const shipment = { status: "shipped", trackingNumber, shippedAt };
  expect(await shown()).toEqual([{ ...known, customerName: "Ada", status: "shipped", shipment }]);
});

test("what is told more than once counts once, and the last name counts", async () => {
  const { customerId, orderId, placed } = newOrder();
  const reason = "the bank declined the card";
  const cancelled = { orderId, customerId, reason, reservationIds: [] };
  for (const [firstName, lastName] of [
    ["Bram", ""],
    ["Bram", "Smit"],
    ["Abraham", "Smit"],
  ] as const) {
    await Promise.all([1, 2, 3].map(() => publish(shop.host, PaymentDeclined, { orderId, reason })));
    await Promise.all([1, 2, 3].map(() => publish(shop.host, OrderPlaced, placed)));
    await Promise.all([1, 2, 3].map(() => publish(shop.host, OrderCancelled, cancelled)));
    await publish(shop.host, CustomerRenamed, { customerId, firstName, lastName });
  }
  await shop.settled();
  expect(answerOf(await shop.clients.storefront.searchOrders({ customerId })).orders).toMatchObject([
    { orderId, customerName: "Abraham Smit", status: "cancelled", payment: { status: "declined", reason } },
  ]);
});

test("events of before, which do not say when it was, show the time at which they were published", async () => {
  const { customerId, placed, shipped } = newOrder();
  const { placedAt: _placedAt, ...placedBefore } = placed;
  const { shippedAt: _shippedAt, ...shippedBefore } = shipped;
  await publish(shop.host, OrderPlaced, placedBefore);
  await publish(shop.host, OrderShipped, shippedBefore);
  await shop.settled();
  const published = await shop.database.rows<{ at: Date }>(
    `select at from polder.log_order where key = '${placed.orderId}'
     union all select at from polder.log_fulfillment where key = '${placed.orderId}'`,
  );
  const [placedAt, shippedAt] = published.map(({ at }) => at.toISOString());
  expect(answerOf(await shop.clients.storefront.searchOrders({ customerId })).orders).toMatchObject([
    { placedAt, shipment: { shippedAt } },
  ]);
});

test("orders are found by what any of four domains knows", async () => {
  const customerId = await threeOrders();
  const found = async (wanted: Parameters<typeof shop.clients.storefront.searchOrders>[0]) => {
    const { orders } = answerOf(await shop.clients.storefront.searchOrders({ customerId, ...wanted }));
    return orders.map(({ totalCents }) => totalCents);
  };
  expect(await found({})).toEqual([300, 200, 100]);
  expect(await found({ sort: "shippedAt" })).toEqual([100, 300, 200]);
  expect(await found({ status: "shipped" })).toEqual([300, 100]);
  expect(await found({ paid: false })).toEqual([200]);
  expect(await found({ paid: true, shippedBefore: at(22) })).toEqual([300]);
  expect(await found({ shippedAfter: at(21) })).toEqual([300, 100]);
  expect(await found({ shippedAfter: at(22) })).toEqual([100]);
  expect(await found({ shippedAfter: at(22), status: "cancelled" })).toEqual([]);
  expect(await found({ customerId: randomUUID() })).toEqual([]);
});

test.each(["placedAt", "shippedAt"] as const)("pages by %s have every order once", async (sort) => {
  const customerId = await threeOrders();
  const { searchOrders } = shop.clients.storefront;
  const { orders: all } = answerOf(await searchOrders({ customerId, sort }));
  const first = answerOf(await searchOrders({ customerId, sort, limit: 1 }));
  const read = [...first.orders];
  for (let { next } = first; next !== null; ) {
    const page = answerOf(await searchOrders({ customerId, sort, limit: 1, after: next }));
    read.push(...page.orders);
    next = page.next;
  }
  expect(read).toHaveLength(3);
  expect(read).toEqual(all);
});

test("a page that nobody has named is refused", async () => {
  const customerId = await threeOrders();
  const { searchOrders } = shop.clients.storefront;
  const { next } = answerOf(await searchOrders({ customerId, limit: 1 }));
  const pages = [
    "",
    "2",
    "placedAt~never~x",
    `placedAt~never~${randomUUID()}`,
    `placedAt~${at(99)}~${"0".repeat(36)}`,
    `placedAt~2026-99-99T00:00Z~${randomUUID()}`,
  ];
  for (const after of pages)
    expect(await searchOrders({ customerId, after })).toEqual({
      ok: false,
      refusal: "UnknownPage",
      details: { after },
    });
  expect(await searchOrders({ customerId, sort: "shippedAt", after: next ?? "" })).toMatchObject({
    refusal: "UnknownPage",
  });
});

/** A minute of a day long ago. */
function at(minute: number): string {
  return new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
}

/** Somebody's orders: of 100 cents, which was shipped last; of 200, declined; of 300, shipped first. */
async function threeOrders(): Promise<string> {
  const customerId = randomUUID();
  const reason = "the bank declined the card";
  const [first, declined, last] = [
    newOrder({ customerId, minute: 1 }),
    newOrder({ customerId, minute: 2 }),
    newOrder({ customerId, minute: 3 }),
  ];
  for (const { placed } of [first, declined, last]) await publish(shop.host, OrderPlaced, placed);
  for (const { paid } of [first, last]) await publish(shop.host, PaymentConfirmed, paid);
  const { orderId } = declined;
  await publish(shop.host, PaymentDeclined, { orderId, reason });
  await publish(shop.host, OrderCancelled, { orderId, customerId, reason, reservationIds: [] });
  await publish(shop.host, OrderShipped, { ...last.shipped, shippedAt: at(21) });
  await publish(shop.host, OrderShipped, { ...first.shipped, shippedAt: at(22) });
  await shop.settled();
  return customerId;
}

/** An order, and the news that may come of it. */
function newOrder({ customerId = randomUUID(), minute = 5 } = {}) {
  const orderId = randomUUID();
  const totalCents = minute * 100;
  return {
    orderId,
    customerId,
    placed: { orderId, customerId, totalCents, currency: "EUR", lines: [], placedAt: at(minute) },
    paid: { paymentId: randomUUID(), orderId, customerId, amountCents: totalCents, currency: "EUR" },
    shipped: { shipmentId: randomUUID(), orderId, trackingNumber: "PARCEL-1", lines: [], shippedAt: at(minute + 10) },
  };
}
