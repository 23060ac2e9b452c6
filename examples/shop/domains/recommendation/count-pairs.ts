import { batchSubscription } from "polder";
import { recommendation } from "./domain.ts";

/** Every two goods of an order go together, once in each direction. A batch of orders is counted at once. */
export const countPairs = batchSubscription(
  recommendation,
  "count-pairs",
  ["order.OrderPlaced"],
  async ({ events, tx }) => {
    const lines = events.flatMap(({ data }) => data.lines.map(({ sku }) => ({ orderId: data.orderId, sku })));
    await tx.sql`
      insert into pair (sku, other, orders)
      select a.sku, b.sku, count(*)
      from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as a ("orderId" uuid, sku text)
      join jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as b ("orderId" uuid, sku text)
        on a."orderId" = b."orderId" and a.sku <> b.sku
      group by a.sku, b.sku
      -- Always in the same order: of two batches that need the same rows, one waits and none deadlocks.
      order by a.sku, b.sku
      on conflict (sku, other) do update
      set orders = pair.orders + excluded.orders
    `;
  },
);
