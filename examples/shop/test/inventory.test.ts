import { randomUUID } from "node:crypto";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OrderShipped } from "../domains/fulfillment/contract.ts";
import { fulfillment } from "../domains/fulfillment/domain.ts";
import inventory from "../domains/inventory/index.ts";
import { untilDone } from "../until-done.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([inventory, standInFor(fulfillment)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("what is received is available, and what is received later comes on top", async () => {
  const { receive, checkAvailability } = shop.clients.inventory;
  answerOf(await receive({ sku: "tea", quantity: 3 }));
  answerOf(await receive({ sku: "tea", quantity: 4 }));
  expect(answerOf(await checkAvailability({ sku: "tea" }))).toEqual({ sku: "tea", available: 7 });
});

test("a delivery that is repeated under its key is received once", async () => {
  const { receive } = shop.clients.inventory;
  const first = await receive({ sku: "milk", quantity: 5 }, { key: "milk comes" });
  expect(await receive({ sku: "milk", quantity: 5 }, { key: "milk comes" })).toEqual(first);
  expect(await available("milk")).toBe(5);
});

test("reserved goods are promised to nobody else", async () => {
  await shop.clients.inventory.receive({ sku: "cup", quantity: 5 });
  await reserve("cup", 3);
  const refused = await shop.clients.inventory.reserve({ orderId: randomUUID(), sku: "cup", quantity: 3 });
  expect(refused).toEqual({ ok: false, refusal: "OutOfStock", details: { available: 2 } });
  expect(await available("cup")).toBe(2);
});

test("what nobody has ever received is unknown", async () => {
  const { checkAvailability, reserve } = shop.clients.inventory;
  const refused = { ok: false, refusal: "UnknownSku", details: { sku: "moon" } };
  expect(await checkAvailability({ sku: "moon" })).toEqual(refused);
  expect(await reserve({ orderId: randomUUID(), sku: "moon", quantity: 1 })).toEqual(refused);
});

test("many who reserve at once get no more than there is", async () => {
  await shop.clients.inventory.receive({ sku: "plate", quantity: 10 });
  const asked = Array.from({ length: 30 }, () =>
    shop.clients.inventory.reserve({ orderId: randomUUID(), sku: "plate", quantity: 1 }),
  );
  expect((await Promise.all(asked)).filter(({ ok }) => ok)).toHaveLength(10);
  expect(await available("plate")).toBe(0);
});

test("a reservation that is repeated under its key is the same one, also when both come at once", async () => {
  await shop.clients.inventory.receive({ sku: "fork", quantity: 5 });
  const request = { orderId: randomUUID(), sku: "fork", quantity: 2 };
  const attempts = Array.from({ length: 4 }, () => shop.clients.inventory.reserve(request, { key: "fork" }));
  const answers = new Set((await Promise.all(attempts)).map((answer) => answerOf(answer).reservationId));
  answers.add(answerOf(await shop.clients.inventory.reserve(request, { key: "fork" })).reservationId);
  expect(answers.size).toBe(1);
  expect(await available("fork")).toBe(3);
});

test("a key that comes with another request is refused", async () => {
  const { receive } = shop.clients.inventory;
  await receive({ sku: "jam", quantity: 1 }, { key: "jam" });
  await expect(receive({ sku: "jam", quantity: 2 }, { key: "jam" })).rejects.toMatchObject({
    details: { problem: { code: "IDEMPOTENCY_KEY_REUSED" } },
  });
});

test("a released reservation is available again, once however often it is released", async () => {
  const { receive, release } = shop.clients.inventory;
  await receive({ sku: "spoon", quantity: 5 });
  const { reservationId } = await reserve("spoon", 2);
  answerOf(await release({ reservationId }));
  answerOf(await release({ reservationId }));
  expect(await available("spoon")).toBe(5);
});

test("to release what was never reserved is done at once", async () => {
  expect(answerOf(await shop.clients.inventory.release({ reservationId: randomUUID() }))).toBeNull();
});

test("the goods of a shipped order leave the shelf, once however often one hears of it", async () => {
  await shop.clients.inventory.receive({ sku: "oven", quantity: 4 });
  const { orderId, reservationId } = await reserve("oven", 3);
  await publish(shop.host, OrderShipped, shipped(orderId, "oven", 3, reservationId));
  await publish(shop.host, OrderShipped, shipped(orderId, "oven", 3, reservationId));
  await shop.settled();
  const stock = await shop.database.rows("select on_hand, reserved from inventory.stock where sku = 'oven'");
  expect(stock).toEqual([{ on_hand: 1, reserved: 0 }]);
  expect(await newsOf(orderId)).toEqual(["StockReserved", "StockPicked"]);
  expect(await shop.clients.inventory.release({ reservationId })).toEqual({
    ok: false,
    refusal: "AlreadyPicked",
    details: { reservationId },
  });
});

test("goods that were shipped after their release are left for a person to look at, and others go on", async () => {
  await shop.clients.inventory.receive({ sku: "lamp", quantity: 4 });
  const released = await reserve("lamp", 1);
  answerOf(await shop.clients.inventory.release({ reservationId: released.reservationId }));
  await publish(shop.host, OrderShipped, shipped(released.orderId, "lamp", 1, released.reservationId));
  const held = await reserve("lamp", 2);
  await publish(shop.host, OrderShipped, shipped(held.orderId, "lamp", 2, held.reservationId));
  await untilDone(async () => {
    const [stock] = await shop.database.rows<{ on_hand: number }>(
      "select on_hand from inventory.stock where sku = 'lamp'",
    );
    return stock?.on_hand === 2 ? [] : [`${stock?.on_hand} lamps on hand`];
  });
  expect(await shop.database.parked("inventory")).toEqual([
    `pick-shipped-orders: reservation ${released.reservationId} was shipped after its release`,
  ]);
});

async function available(sku: string): Promise<number> {
  return answerOf(await shop.clients.inventory.checkAvailability({ sku })).available;
}

async function reserve(sku: string, quantity: number, orderId: string = randomUUID()) {
  const { reservationId } = answerOf(await shop.clients.inventory.reserve({ orderId, sku, quantity }));
  return { orderId, reservationId };
}

function shipped(orderId: string, sku: string, quantity: number, reservationId: string) {
  return { shipmentId: randomUUID(), orderId, trackingNumber: "PARCEL-1", lines: [{ sku, quantity, reservationId }] };
}

async function newsOf(orderId: string): Promise<readonly string[]> {
  const events = await shop.database.events("inventory");
  return events
    .filter(({ data }) => JSON.stringify(data).includes(orderId))
    .map(({ type }) => type.slice("inventory.".length));
}
