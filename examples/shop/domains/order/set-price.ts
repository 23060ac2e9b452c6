import { handler } from "polder";
import { Order } from "./contract.ts";
import { order } from "./domain.ts";

/** Orders that are placed already keep the price they were placed at. */
export const setPrice = handler(order, Order.setPrice, async ({ input, tx }) => {
  await tx.sql`
    insert into price (sku, unit_cents)
    values (${input.sku}, ${input.unitCents})
    on conflict (sku) do update
    set unit_cents = excluded.unit_cents
  `;
});
