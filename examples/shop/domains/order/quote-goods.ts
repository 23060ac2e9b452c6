import { handler } from "polder";
import { Inventory } from "../inventory/contract.ts";
import { Order } from "./contract.ts";
import { currency } from "./currency.ts";
import { order } from "./domain.ts";
import { pricesOf } from "./prices.ts";

export const quote = handler(order, Order.quote, async ({ input, call, refuse, tx }) => {
  const inventory = call(Inventory);
  const answers = await Promise.all(input.sku.map((sku) => inventory.checkAvailability({ sku })));
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
  return { currency, goods };
});
