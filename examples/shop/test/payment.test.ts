import { randomUUID } from "node:crypto";
import { createClient } from "polder";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OrderPlaced } from "../domains/order/contract.ts";
import { order } from "../domains/order/domain.ts";
import { Payment } from "../domains/payment/contract.ts";
import payment from "../domains/payment/index.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([payment, standInFor(order)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("an order is paid, and the news says who paid how much", async () => {
  const placed = orderOf(1_200);
  await publish(shop.host, OrderPlaced, placed);
  await shop.settled();
  const { orderId, customerId } = placed;
  const found = answerOf(await shop.clients.payment.paymentOfOrder({ orderId }));
  expect(found).toMatchObject({ orderId, status: "confirmed", reason: null, amountCents: 1_200, currency: "EUR" });
  const { paymentId } = found;
  expect(await newsOf(orderId)).toEqual([
    {
      type: "payment.PaymentConfirmed",
      data: { paymentId, orderId, customerId, amountCents: 1_200, currency: "EUR" },
    },
  ]);
});

test("what the bank declines is told with its reason", async () => {
  const placed = orderOf(1_213);
  await publish(shop.host, OrderPlaced, placed);
  await shop.settled();
  const { orderId } = placed;
  const reason = "the bank declined the card";
  const found = answerOf(await shop.clients.payment.paymentOfOrder({ orderId }));
  expect(found).toMatchObject({ status: "declined", reason });
  expect(await newsOf(orderId)).toEqual([{ type: "payment.PaymentDeclined", data: { orderId, reason } }]);
});

test("an order is paid once, however often one hears of it", async () => {
  const placed = orderOf(4_200);
  await Promise.all([1, 2, 3].map(() => publish(shop.host, OrderPlaced, placed)));
  await shop.settled();
  expect(await newsOf(placed.orderId)).toHaveLength(1);
  const sql = `select count(*)::int as payments from payment.payment where order_id = '${placed.orderId}'`;
  expect(await shop.database.rows(sql)).toEqual([{ payments: 1 }]);
});

test("the payments of many orders come at once; of those that are undecided there is none", async () => {
  const orders = [orderOf(1_200), orderOf(1_213), orderOf(700)];
  for (const placed of orders) await publish(shop.host, OrderPlaced, placed);
  await shop.settled();
  const { paymentOfOrder, paymentsOfOrders } = createClient(Payment, "1.1.0", { transport: shop.host.transport });
  const ids = orders.map(({ orderId }) => orderId);
  const { payments } = answerOf(await paymentsOfOrders({ orderId: [...ids, randomUUID()] }));
  const single = await Promise.all(ids.map(async (orderId) => answerOf(await paymentOfOrder({ orderId }))));
  expect(new Set(payments)).toEqual(new Set(single));
});

test("nobody knows of the payment of an unknown order", async () => {
  const orderId = randomUUID();
  expect(await shop.clients.payment.paymentOfOrder({ orderId })).toEqual({
    ok: false,
    refusal: "UnknownOrder",
    details: { orderId },
  });
});

function orderOf(totalCents: number) {
  const lines = [{ sku: "tea", quantity: 1, reservationId: randomUUID() }];
  return { orderId: randomUUID(), customerId: randomUUID(), totalCents, currency: "EUR", lines };
}

async function newsOf(orderId: string) {
  const events = await shop.database.events("payment");
  return events.filter(({ data }) => JSON.stringify(data).includes(orderId));
}
