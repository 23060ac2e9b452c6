import { randomUUID } from "node:crypto";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Customer, CustomerRegistered, CustomerRenamed } from "../domains/customer/contract.ts";
import { customer } from "../domains/customer/domain.ts";
import { OrderShipped } from "../domains/fulfillment/contract.ts";
import { fulfillment } from "../domains/fulfillment/domain.ts";
import inventory from "../domains/inventory/index.ts";
import order from "../domains/order/index.ts";
import { orderIdOf } from "../domains/order/order-id.ts";
import { PaymentConfirmed, PaymentDeclined } from "../domains/payment/contract.ts";
import { payment } from "../domains/payment/domain.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

/** Registered before Order was there to hear of it. */
const elder = { customerId: randomUUID(), firstName: "Ilse", lastName: "Kuipers" };

beforeAll(async () => {
  const customers = async () => ({ customers: [elder], next: null });
  const named = standInFor(customer, { answers: { [Customer.name]: { customers } } });
  shop = await runShop([order, inventory, named, standInFor(payment), standInFor(fulfillment)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("an order costs what its goods cost, and holds them", async () => {
  const [tea, cup] = [await goods(250, 10), await goods(1_000, 10)];
  const lines = [
    { sku: tea, quantity: 4 },
    { sku: cup, quantity: 1 },
  ];
  const customerId = randomUUID();
  const placed = answerOf(await shop.clients.order.place({ customerId, lines }));
  expect(placed).toEqual({ orderId: expect.any(String), totalCents: 2_000, currency: "EUR" });
  expect(answerOf(await shop.clients.order.orderById({ orderId: placed.orderId }))).toMatchObject({
    ...placed,
    customerId,
    customerName: null,
    status: "placed",
    lines: [
      { sku: tea, quantity: 4, unitCents: 250 },
      { sku: cup, quantity: 1, unitCents: 1_000 },
    ],
  });
  expect([await available(tea), await available(cup)]).toEqual([6, 9]);
});

test("the news of an order tells what to pay and what to ship, and which reservations hold it", async () => {
  const sku = await goods(250, 10);
  const { orderId, customerId } = await place(sku, 2);
  await shop.settled();
  const [reservation] = await reservationsOf(orderId);
  const lines = [{ sku, quantity: 2, reservationId: reservation?.id }];
  const { placedAt } = answerOf(await shop.clients.order.orderById({ orderId }));
  expect(await newsOf(orderId)).toEqual([
    { type: "order.OrderPlaced", data: { orderId, customerId, totalCents: 500, currency: "EUR", placedAt, lines } },
  ]);
});

test("an order is placed once, however often it is repeated under its key", async () => {
  const sku = await goods(100, 10);
  const request = { customerId: randomUUID(), lines: [{ sku, quantity: 3 }] };
  const first = await shop.clients.order.place(request, { key: `once ${sku}` });
  const again = await shop.clients.order.place(request, { key: `once ${sku}` });
  expect(answerOf(again)).toEqual(answerOf(first));
  expect(await available(sku)).toBe(7);
  await shop.settled();
  expect(await newsOf(answerOf(first).orderId)).toHaveLength(1);
});

test("an order is placed once, also when its repetitions come at once", async () => {
  const sku = await goods(100, 10);
  const request = { customerId: randomUUID(), lines: [{ sku, quantity: 3 }] };
  const attempts = Array.from({ length: 4 }, () => shop.clients.order.place(request, { key: `at once ${sku}` }));
  const answers = (await Promise.all(attempts)).map((answer) => answerOf(answer).orderId);
  expect(new Set(answers).size).toBe(1);
  expect(await available(sku)).toBe(7);
});

test("what has no price is refused before anything is reserved", async () => {
  const [known, unpriced] = [await goods(100, 5), newSku()];
  await shop.clients.inventory.receive({ sku: unpriced, quantity: 5 });
  const lines = [known, unpriced].map((sku) => ({ sku, quantity: 1 }));
  const key = `unpriced ${unpriced}`;
  expect(await shop.clients.order.place({ customerId: randomUUID(), lines }, { key })).toEqual({
    ok: false,
    refusal: "UnknownProduct",
    details: { sku: unpriced },
  });
  expect(await reservationsOf(orderIdOf(key))).toEqual([]);
});

test.each([
  { what: "is out of stock", quantity: 9, refusal: "OutOfStock" as const, says: { available: 2 } },
  { what: "was never in stock", quantity: 0, refusal: "UnknownSku" as const, says: {} },
])("when a line $what, the others are given back and there is no order", async ({ quantity, refusal, says }) => {
  const plenty = await goods(100, 50);
  const scarce = newSku();
  await shop.clients.order.setPrice({ sku: scarce, unitCents: 100 });
  if (quantity > 0) await shop.clients.inventory.receive({ sku: scarce, quantity: 2 });
  const lines = [
    { sku: plenty, quantity: 5 },
    { sku: scarce, quantity: Math.max(1, quantity) },
  ];
  const key = `refused ${scarce}`;
  const refused = { ok: false, refusal, details: { sku: scarce, ...says } };
  expect(await shop.clients.order.place({ customerId: randomUUID(), lines }, { key })).toEqual(refused);
  await shop.settled();
  expect(await available(plenty)).toBe(50);
  const orderId = orderIdOf(key);
  expect(await reservationsOf(orderId)).toEqual([{ id: expect.any(String), sku: plenty, status: "released" }]);
  expect(await shop.clients.order.orderById({ orderId })).toMatchObject({ refusal: "UnknownOrder" });
  // Also when the goods have come meanwhile: the answer to a key stays.
  await shop.clients.inventory.receive({ sku: scarce, quantity: 50 });
  expect(await shop.clients.order.place({ customerId: randomUUID(), lines }, { key: `${key} again` })).toMatchObject({
    ok: true,
  });
  await shop.settled();
  expect(await newsOf(orderId)).toEqual([]);
});

test.each(["payment first", "shipment first"])("an order follows its payment and its shipment: %s", async (first) => {
  const { orderId, paid, shipped } = await place(await goods(100, 10), 1);
  const news = [() => publish(shop.host, PaymentConfirmed, paid), () => publish(shop.host, OrderShipped, shipped)];
  const statuses: string[] = [];
  for (const tell of first === "payment first" ? news : news.toReversed()) {
    await tell();
    await shop.settled();
    statuses.push(await statusOf(orderId));
  }
  expect(statuses).toEqual(first === "payment first" ? ["paid", "shipped"] : ["shipped", "shipped"]);
});

test("an order whose payment is declined is cancelled, once however often one hears of it", async () => {
  const { orderId, customerId } = await place(await goods(100, 10), 1);
  const reason = "the bank declined the card";
  await publish(shop.host, PaymentDeclined, { orderId, reason });
  await publish(shop.host, PaymentDeclined, { orderId, reason });
  await shop.settled();
  expect(await statusOf(orderId)).toBe("cancelled");
  const [reservation] = await reservationsOf(orderId);
  expect((await newsOf(orderId)).slice(1)).toEqual([
    { type: "order.OrderCancelled", data: { orderId, customerId, reason, reservationIds: [reservation?.id] } },
  ]);
  expect(await reservationsOf(orderId)).toEqual([{ ...reservation, status: "released" }]);
});

test("an order shows the name of its customer as soon as it is known, and the newest one", async () => {
  const { orderId, customerId } = await place(await goods(100, 10), 1);
  await publish(shop.host, CustomerRegistered, { customerId, firstName: "Hanna", lastName: "" });
  await publish(shop.host, CustomerRenamed, { customerId, firstName: "Hanna", lastName: "de Wit" });
  await shop.settled();
  expect(answerOf(await shop.clients.order.orderById({ orderId })).customerName).toBe("Hanna de Wit");
  const { customerName, orders } = answerOf(await shop.clients.order.ordersOfCustomer({ customerId }));
  expect({ customerName, orders }).toEqual({
    customerName: "Hanna de Wit",
    orders: [expect.objectContaining({ orderId })],
  });
});

test("an order shows the name of a customer who registered before anybody told Order of it", async () => {
  const { customerId } = elder;
  const { orderId } = await place(await goods(100, 10), 1, customerId);
  await shop.settled();
  expect(answerOf(await shop.clients.order.orderById({ orderId })).customerName).toBe("Ilse Kuipers");
  await publish(shop.host, CustomerRenamed, { customerId, firstName: "Ilse", lastName: "" });
  await shop.settled();
  expect(answerOf(await shop.clients.order.ordersOfCustomer({ customerId })).customerName).toBe("Ilse");
});

test("the orders of a customer come with the newest first", async () => {
  const sku = await goods(100, 10);
  const customerId = randomUUID();
  const placed: string[] = [];
  for (const quantity of [1, 2, 3]) placed.unshift((await place(sku, quantity, customerId)).orderId);
  const { orders } = answerOf(await shop.clients.order.ordersOfCustomer({ customerId }));
  expect(orders.map(({ orderId }) => orderId)).toEqual(placed);
});

test("a new price is for new orders", async () => {
  const sku = await goods(100, 10);
  const before = await place(sku, 1);
  await shop.clients.order.setPrice({ sku, unitCents: 300 });
  const after = await place(sku, 1);
  const totals = await Promise.all(
    [before, after].map(async ({ orderId }) => answerOf(await shop.clients.order.orderById({ orderId })).totalCents),
  );
  expect(totals).toEqual([100, 300]);
});

test("a quote tells prices and what is there; goods without either are refused", async () => {
  const [tea, cup] = [await goods(250, 10), await goods(1_000, 5)];
  expect(answerOf(await shop.clients.order.quote({ sku: [tea, cup] }))).toEqual({
    currency: "EUR",
    goods: [
      { sku: tea, unitCents: 250, available: 10 },
      { sku: cup, unitCents: 1_000, available: 5 },
    ],
    // Nobody suggests anything here: the fallback answers.
    goesWith: [],
  });
  const [unpriced, unknown] = [newSku(), newSku()];
  await shop.clients.inventory.receive({ sku: unpriced, quantity: 1 });
  expect(await shop.clients.order.quote({ sku: [tea, unpriced] })).toMatchObject({
    refusal: "UnknownProduct",
    details: { sku: unpriced },
  });
  expect(await shop.clients.order.quote({ sku: [tea, unknown] })).toMatchObject({
    refusal: "UnknownSku",
    details: { sku: unknown },
  });
});

test("an order without lines, or with too many of a thing, does not reach the handler", async () => {
  const { place } = shop.clients.order;
  const customerId = randomUUID();
  await expect(place({ customerId, lines: [] })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
  const lines = [{ sku: "tea", quantity: 101 }];
  await expect(place({ customerId, lines })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
});

let skus = 0;

function newSku(): string {
  skus += 1;
  return `sku-${skus}`;
}

async function goods(unitCents: number, quantity: number): Promise<string> {
  const sku = newSku();
  await shop.clients.order.setPrice({ sku, unitCents });
  await shop.clients.inventory.receive({ sku, quantity });
  return sku;
}

/** Places an order; gives the news that may come of it. */
async function place(sku: string, quantity: number, customerId: string = randomUUID()) {
  const lines = [{ sku, quantity }];
  const { orderId, totalCents: amountCents } = answerOf(await shop.clients.order.place({ customerId, lines }));
  const paid = { paymentId: randomUUID(), orderId, customerId, amountCents, currency: "EUR" };
  const shipped = { shipmentId: randomUUID(), orderId, trackingNumber: "PARCEL-1", lines: [] };
  return { orderId, customerId, paid, shipped };
}

async function available(sku: string): Promise<number> {
  return answerOf(await shop.clients.inventory.checkAvailability({ sku })).available;
}

async function statusOf(orderId: string): Promise<string> {
  return answerOf(await shop.clients.order.orderById({ orderId })).status;
}

async function reservationsOf(orderId: string) {
  return shop.database.rows<{ id: string; sku: string; status: string }>(
    `select reservation_id as id, sku, status from inventory.reservation where order_id = '${orderId}'`,
  );
}

async function newsOf(orderId: string) {
  const events = await shop.database.events("order");
  return events.filter(({ data }) => (data as { orderId: string }).orderId === orderId);
}
