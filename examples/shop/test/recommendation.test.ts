import { randomUUID } from "node:crypto";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProductDescribed } from "../domains/catalog/contract.ts";
import { catalog } from "../domains/catalog/domain.ts";
import { OrderPlaced } from "../domains/order/contract.ts";
import { order } from "../domains/order/domain.ts";
import recommendation from "../domains/recommendation/index.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([recommendation, standInFor(order), standInFor(catalog)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("what is most often ordered together comes first, with its title once it is known", async () => {
  await placed("tea", "mug");
  await placed("tea", "mug", "lamp");
  await placed("lamp");
  await publish(shop.host, ProductDescribed, { sku: "mug", title: "Mug" });
  await publish(shop.host, ProductDescribed, { sku: "mug", title: "Big mug" });
  await shop.settled();
  const { boughtWith } = shop.clients.recommendation;
  expect(answerOf(await boughtWith({ sku: "tea" })).products).toEqual([
    { sku: "mug", title: "Big mug", orders: 2 },
    { sku: "lamp", title: null, orders: 1 },
  ]);
  expect(answerOf(await boughtWith({ sku: "lamp" })).products.map(({ sku }) => sku)).toEqual(["mug", "tea"]);
  expect(answerOf(await boughtWith({ sku: "dragon" })).products).toEqual([]);
});

async function placed(...skus: readonly string[]): Promise<void> {
  const lines = skus.map((sku) => ({ sku, quantity: 1, reservationId: randomUUID() }));
  const [orderId, customerId] = [randomUUID(), randomUUID()];
  await publish(shop.host, OrderPlaced, { orderId, customerId, totalCents: 100, currency: "EUR", lines });
}
