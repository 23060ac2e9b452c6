import { type ReadModel, readModel } from "@polder/model";
import { history } from "./domains.ts";

/** The tables of the order history, as every system of the benchmark fills them. */
export const historyTables = `create table order_history (
  order_id uuid primary key,
  customer_id uuid,
  total_cents int,
  number int,
  paid_cents int,
  tracking_number text
)`;

/** Set-based statements of the order history: what the handlers of every system run, on lists of columns. */
export const historySql = {
  placed: `insert into order_history (order_id, customer_id, total_cents, number)
select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[])
on conflict (order_id) do update
set customer_id = excluded.customer_id, total_cents = excluded.total_cents, number = excluded.number`,
  paid: `insert into order_history (order_id, paid_cents)
select * from unnest($1::uuid[], $2::int[])
on conflict (order_id) do update set paid_cents = excluded.paid_cents`,
  shipped: `insert into order_history (order_id, tracking_number)
select * from unnest($1::uuid[], $2::text[])
on conflict (order_id) do update set tracking_number = excluded.tracking_number`,
} as const;

/** The order history as the page needs it. */
export const orderHistory: ReadModel = readModel(history, "order-history", {
  version: 1,
  tables: `${historyTables};
create index on order_history (customer_id);
create table customer_name (customer_id uuid primary key, name text not null)`,
  batch: {
    "orders.Placed": async ({ events, tx }) => {
      await tx.query(historySql.placed, [
        events.map(({ data }) => data.orderId),
        events.map(({ data }) => data.customerId),
        events.map(({ data }) => data.totalCents),
        events.map(({ data }) => data.number),
      ]);
    },
    "payments.Paid": async ({ events, tx }) => {
      await tx.query(historySql.paid, [
        events.map(({ data }) => data.orderId),
        events.map(({ data }) => data.amountCents),
      ]);
    },
    "shipments.Shipped": async ({ events, tx }) => {
      await tx.query(historySql.shipped, [
        events.map(({ data }) => data.orderId),
        events.map(({ data }) => data.trackingNumber),
      ]);
    },
    "customers.Named": async ({ events, tx }) => {
      const newest = new Map(events.map(({ data }) => [data.customerId, data.name]));
      await tx.query(
        `insert into customer_name select * from unnest($1::uuid[], $2::text[])
on conflict (customer_id) do update set name = excluded.name`,
        [[...newest.keys()], [...newest.values()]],
      );
    },
  },
  options: { batchSizeMax: 1_000 },
});

/** The order history without an index and without names: the same work that the others do. */
export const bareHistory: ReadModel = readModel(history, "order-history", {
  version: 1,
  tables: historyTables,
  batch: Object.fromEntries(
    Object.entries(orderHistory.handlers).filter(([name]) => name !== "customers.Named"),
  ) as object,
  options: { batchSizeMax: 1_000 },
});
