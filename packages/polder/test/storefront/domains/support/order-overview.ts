// #region read-model
import { readModel } from "polder";
import { support } from "./domain.ts";

export const orderOverview = readModel(support, "order-overview", {
  version: 1,
  stalenessMaxMs: 5_000,
  tables: `
    create table order_overview (
      order_id text primary key,
      -- Of Order; null until it has told of the order.
      customer_id text,
      sku text,
      total integer,
      -- Of Payment.
      paid integer not null default 0
    )`,
  each: {
    "order.OrderPlaced": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into order_overview (order_id, customer_id, sku, total)
        values (${data.orderId}, ${data.customerId}, ${data.sku}, ${data.total})
        on conflict (order_id) do update
        set customer_id = excluded.customer_id, sku = excluded.sku, total = excluded.total
      `;
    },
    "payment.PaymentReceived": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into order_overview (order_id, paid)
        values (${data.orderId}, ${data.amount})
        on conflict (order_id) do update
        set paid = order_overview.paid + excluded.paid
      `;
    },
  },
});
// #endregion read-model
