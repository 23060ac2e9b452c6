import { handler } from "polder";
import { checkout } from "./checkout.ts";
import { Order } from "./contract.ts";
import { order } from "./domain.ts";
import { orderIdOf } from "./order-id.ts";
import { pricesOf } from "./prices.ts";

/** Sees to the prices, and leaves the rest to the saga, which answers the customer. */
export const place = handler(order, Order.place, async ({ input, key, refuse, tx }) => {
  const prices = await pricesOf(tx, input.lines);
  const unpriced = input.lines.find(({ sku }) => !prices.has(sku));
  if (unpriced !== undefined) return refuse("UnknownProduct", { sku: unpriced.sku });

  const orderId = orderIdOf(key);
  const lines = input.lines.map((line) => ({ ...line, unitCents: prices.get(line.sku) ?? 0 }));
  const totalCents = lines.reduce((total, { quantity, unitCents }) => total + quantity * unitCents, 0);
  return tx.start(checkout, orderId, { orderId, customerId: input.customerId, totalCents, lines });
});
