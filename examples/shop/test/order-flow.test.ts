import { randomUUID } from "node:crypto";
import { answerOf } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { simulate } from "../simulate.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

test("an order is paid, shipped and booked, and every domain knows its part", async () => {
  const { customer, inventory, order, payment, fulfillment, accounting } = shop.clients;
  const customerId = await newCustomer("Ada");
  const [tea, cup] = [await goods("tea", 250), await goods("cup", 1_000)];
  const before = answerOf(await accounting.revenue({})).revenueCents;
  const lines = [
    { sku: tea, quantity: 2 },
    { sku: cup, quantity: 1 },
  ];
  const { orderId, totalCents } = answerOf(await order.place({ customerId, lines }));
  expect(totalCents).toBe(1_500);
  await customer.rename({ customerId, name: "Ada Lovelace" });
  await shop.settled();

  const found = answerOf(await order.orderById({ orderId }));
  expect(found).toMatchObject({ status: "shipped", customerName: "Ada Lovelace", totalCents });
  expect(answerOf(await payment.paymentOfOrder({ orderId }))).toMatchObject({
    status: "confirmed",
    amountCents: 1_500,
  });
  expect(answerOf(await fulfillment.shipmentOfOrder({ orderId }))).toMatchObject({ status: "shipped" });
  expect(answerOf(await accounting.revenue({})).revenueCents - before).toBe(1_500);
  expect(answerOf(await inventory.checkAvailability({ sku: tea })).available).toBe(8);
  expect(await reservationsOf(orderId)).toEqual(["picked", "picked"]);
  expect(await shop.database.audit({ settled: true })).toEqual([]);
});

test("when the bank declines, the order is cancelled and its goods are for others", async () => {
  const { inventory, order, payment, fulfillment } = shop.clients;
  const sku = await goods("rug", 1_313);
  const customerId = await newCustomer("Bram");
  const { orderId } = answerOf(await order.place({ customerId, lines: [{ sku, quantity: 1 }] }));
  await shop.settled();
  expect(answerOf(await order.orderById({ orderId })).status).toBe("cancelled");
  expect(answerOf(await payment.paymentOfOrder({ orderId })).status).toBe("declined");
  expect(answerOf(await fulfillment.shipmentOfOrder({ orderId })).status).toBe("waiting");
  expect(answerOf(await inventory.checkAvailability({ sku })).available).toBe(10);
  expect(await reservationsOf(orderId)).toEqual(["released"]);
  expect(await shop.database.audit({ settled: true })).toEqual([]);
});

test("an order that is refused leaves no trace in any domain", async () => {
  const { inventory, order } = shop.clients;
  const customerId = await newCustomer("Carla");
  const [lamp, bed] = [await goods("lamp", 100), await goods("bed", 100)];
  await order.setPrice({ sku: "unicorn", unitCents: 1 });
  const place = (sku: string, quantity: number) =>
    order.place({
      customerId,
      lines: [
        { sku: lamp, quantity: 1 },
        { sku, quantity },
      ],
    });
  expect(await place(bed, 11)).toMatchObject({ refusal: "OutOfStock", details: { sku: bed, available: 10 } });
  expect(await place("unicorn", 1)).toMatchObject({ refusal: "UnknownSku" });
  expect(await place("dragon", 1)).toMatchObject({ refusal: "UnknownProduct" });
  await shop.settled();
  expect(answerOf(await inventory.checkAvailability({ sku: lamp })).available).toBe(10);
  expect(answerOf(await order.ordersOfCustomer({ customerId })).orders).toEqual([]);
  expect(await shop.database.audit({ settled: true })).toEqual([]);
});

test("300 orders of simulated customers: no domain runs ahead of its causes, and at the end all agree", {
  timeout: 90_000,
}, async () => {
  const ordersMax = 300;
  const looks: Promise<readonly string[]>[] = [];
  const before = await ordersKept();
  let orders = 0;
  const totals = await simulate({
    clients: shop.clients,
    seed: 4711,
    ordersPerSecond: 1_000,
    ordersMax,
    onOrder: () => {
      orders += 1;
      if (orders % 50 === 0) looks.push(shop.database.audit({ settled: false }));
    },
  });
  for (const look of looks) expect(await look).toEqual([]);
  expect(looks).toHaveLength(6);
  expect(totals).toMatchObject({ unanswered: 0, UnknownSku: 0, UnknownProduct: 0 });
  expect(totals.placed + totals.OutOfStock).toBe(ordersMax);
  await shop.settled();
  expect(await shop.database.audit({ settled: true })).toEqual([]);
  expect((await ordersKept()) - before).toBe(totals.placed);
});

async function newCustomer(name: string): Promise<string> {
  return answerOf(await shop.clients.customer.register({ name, email: `${name}@example.com` })).customerId;
}

async function goods(sku: string, unitCents: number): Promise<string> {
  await shop.clients.order.setPrice({ sku, unitCents });
  await shop.clients.inventory.receive({ sku, quantity: 10 }, { key: randomUUID() });
  return sku;
}

async function reservationsOf(orderId: string): Promise<readonly string[]> {
  const rows = await shop.database.rows<{ status: string }>(
    `select status from inventory.reservation where order_id = '${orderId}'`,
  );
  return rows.map(({ status }) => status);
}

async function ordersKept(): Promise<number> {
  const [counted] = await shop.database.rows<{ orders: number }>(`select count(*)::int as orders from "order".orders`);
  return counted?.orders ?? 0;
}
