import { answerOf } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import catalog from "../domains/catalog/index.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([catalog]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("a product is what was last said of it, and the news tells its title", async () => {
  const { describe, product } = shop.clients.catalog;
  await describe({ sku: "tea", title: "Tea", description: "It is green." });
  await describe({ sku: "tea", title: "Green tea" });
  expect(answerOf(await product({ sku: "tea" }))).toEqual({ sku: "tea", title: "Green tea", description: "" });
  await shop.settled();
  expect((await shop.database.events("catalog")).map(({ data }) => data)).toEqual([
    { sku: "tea", title: "Tea" },
    { sku: "tea", title: "Green tea" },
  ]);
});

test("what nobody has described is unknown", async () => {
  expect(await shop.clients.catalog.product({ sku: "dragon" })).toEqual({
    ok: false,
    refusal: "UnknownProduct",
    details: { sku: "dragon" },
  });
});
