import { randomUUID } from "node:crypto";
import { createClient } from "polder";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fulfillment } from "../domains/fulfillment/contract.ts";
import fulfillment from "../domains/fulfillment/index.ts";
import { OrderPlaced } from "../domains/order/contract.ts";
import { order } from "../domains/order/domain.ts";
import { PaymentConfirmed } from "../domains/payment/contract.ts";
import { payment } from "../domains/payment/domain.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([fulfillment, standInFor(order), standInFor(payment)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("an order waits until it is paid", async () => {
  const { orderId, placed, paid } = newOrder();
  await publish(shop.host, OrderPlaced, placed);
  await shop.settled();
  const waiting = answerOf(await shop.clients.fulfillment.shipmentOfOrder({ orderId }));
  expect(waiting).toMatchObject({ orderId, status: "waiting", trackingNumber: null, shippedAt: null });
  await publish(shop.host, PaymentConfirmed, paid);
  await shop.settled();
  const { shipmentId } = waiting;
  const shipped = answerOf(await shop.clients.fulfillment.shipmentOfOrder({ orderId }));
  expect(shipped).toMatchObject({ shipmentId, status: "shipped", trackingNumber: `PARCEL-${shipmentId}` });
});

test("a payment waits for its order", async () => {
  const { orderId, placed, paid } = newOrder();
  await publish(shop.host, PaymentConfirmed, paid);
  await shop.settled();
  expect(answerOf(await shop.clients.fulfillment.shipmentOfOrder({ orderId })).status).toBe("waiting");
  await publish(shop.host, OrderPlaced, placed);
  await shop.settled();
  expect(answerOf(await shop.clients.fulfillment.shipmentOfOrder({ orderId })).status).toBe("shipped");
});

test("an order is shipped once and whole, in whatever order and however often the news comes", async () => {
  const orders = Array.from({ length: 20 }, newOrder);
  await Promise.all(
    orders.flatMap(({ placed, paid }) => [
      publish(shop.host, OrderPlaced, placed),
      publish(shop.host, PaymentConfirmed, paid),
      publish(shop.host, OrderPlaced, placed),
      publish(shop.host, PaymentConfirmed, paid),
    ]),
  );
  await shop.settled();
  const events = await shop.database.events("fulfillment");
  for (const { orderId, placed } of orders) {
    const news = events.filter(({ data }) => (data as { orderId: string }).orderId === orderId);
    expect(news).toEqual([
      {
        type: "fulfillment.OrderShipped",
        data: {
          orderId,
          shipmentId: expect.any(String),
          trackingNumber: expect.stringMatching(/^PARCEL-/),
          shippedAt: answerOf(await shop.clients.fulfillment.shipmentOfOrder({ orderId })).shippedAt,
          lines: placed.lines,
        },
      },
    ]);
  }
});

test("the shipments of many orders come at once; of those that nobody has heard of there is none", async () => {
  const [waiting, shipped] = [newOrder(), newOrder()];
  for (const { placed } of [waiting, shipped]) await publish(shop.host, OrderPlaced, placed);
  await publish(shop.host, PaymentConfirmed, shipped.paid);
  await shop.settled();
  const { shipmentOfOrder, shipmentsOfOrders } = createClient(Fulfillment, "1.1.0", { transport: shop.host.transport });
  const ids = [waiting.orderId, shipped.orderId];
  const { shipments } = answerOf(await shipmentsOfOrders({ orderId: [...ids, randomUUID()] }));
  const single = await Promise.all(ids.map(async (orderId) => answerOf(await shipmentOfOrder({ orderId }))));
  expect(new Set(shipments)).toEqual(new Set(single));
});

test("nobody knows of the shipment of an unknown order", async () => {
  const orderId = randomUUID();
  expect(await shop.clients.fulfillment.shipmentOfOrder({ orderId })).toEqual({
    ok: false,
    refusal: "UnknownOrder",
    details: { orderId },
  });
});

function newOrder() {
  const orderId = randomUUID();
  const customerId = randomUUID();
  const lines = ["cup", "tea"].map((sku) => ({ sku, quantity: 2, reservationId: randomUUID() }));
  const placed = { orderId, customerId, totalCents: 1_200, currency: "EUR", lines };
  const paid = { paymentId: randomUUID(), orderId, customerId, amountCents: 1_200, currency: "EUR" };
  return { orderId, placed, paid };
}
