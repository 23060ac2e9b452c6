import { handler } from "polder";
import { Inventory } from "../inventory/contract.ts";
import { Recommendation } from "../recommendation/contract.ts";
import { Order } from "./contract.ts";
import { currency } from "./currency.ts";
import { order } from "./domain.ts";
import { pricesOf } from "./prices.ts";

export const quote = handler(order, Order.quote, async ({ input, call, refuse, tx }) => {
  const inventory = call(Inventory);
  const [first = ""] = input.sku;
  // Calls come before the transaction, which begins with the first statement.
  const [suggested, ...answers] = await Promise.all([
    call(Recommendation).boughtWith({ sku: first }),
    ...input.sku.map((sku) => inventory.checkAvailability({ sku })),
  ]);
  const prices = await pricesOf(
    tx,
    input.sku.map((sku) => ({ sku })),
  );
  const goods = [];
  for (const answer of answers) {
    if (!answer.ok) return refuse("UnknownSku", { sku: answer.details.sku });
    const { sku, available } = answer.value;
    const unitCents = prices.get(sku);
    if (unitCents === undefined) return refuse("UnknownProduct", { sku });
    goods.push({ sku, unitCents, available });
  }
  const goesWith = suggested.ok ? suggested.value.products.map(({ sku, title }) => ({ sku, title })) : [];
  return { currency, goods, goesWith };
});
