import { type Reader, readModel } from "polder";
import { storefront } from "./domain.ts";
import { fullName } from "./full-name.ts";

/**
 * Everything about an order in one row, so that it can be found and sorted by what any of its domains knows. Whoever tells
 * first makes the row, each sets its own columns, and the status follows: nobody says in which order the news comes.
 */
export const keptHistory = readModel(storefront, "order-history", {
  version: 1,
  stalenessMaxMs: 5_000,
  tables: `
    create table order_history (
      order_id uuid primary key,
      -- Of Order. Until it has told of the order, nobody is shown it.
      customer_id uuid,
      total_cents int,
      currency text,
      placed_at timestamptz,
      is_cancelled boolean not null default false,
      -- Of Payment.
      payment text not null default 'awaited',
      decline_reason text,
      -- Of Fulfillment.
      tracking_number text,
      shipped_at timestamptz,
      status text not null generated always as (
        case
          when is_cancelled then 'cancelled'
          when shipped_at is not null then 'shipped'
          when payment = 'confirmed' then 'paid'
          else 'placed'
        end
      ) stored
    );
    create index on order_history (customer_id, placed_at desc, order_id desc);
    create index on order_history (placed_at desc, order_id desc);
    create index on order_history (coalesce(shipped_at, '-infinity') desc, order_id desc);

    create table customer_name (
      customer_id uuid primary key,
      name text not null
    )`,
  batch: {
    "order.OrderPlaced": async ({ events, tx }) => {
      await tx.sql`
        insert into order_history (order_id, customer_id, total_cents, currency, placed_at)
        -- The events of before do not say when it was.
        select "orderId", "customerId", "totalCents", currency, coalesce("placedAt", at)
        from jsonb_to_recordset(${rowsOf(events)}::jsonb) as placed (
          "orderId" uuid, "customerId" uuid, "totalCents" int, currency text, "placedAt" timestamptz, at timestamptz
        )
        on conflict (order_id) do update
        set
          customer_id = excluded.customer_id,
          total_cents = excluded.total_cents,
          currency = excluded.currency,
          placed_at = excluded.placed_at
      `;
    },
    "order.OrderCancelled": async ({ events, tx }) => {
      await tx.sql`
        insert into order_history (order_id, is_cancelled)
        select "orderId", true
        from jsonb_to_recordset(${rowsOf(events)}::jsonb) as cancelled ("orderId" uuid)
        on conflict (order_id) do update
        set is_cancelled = true
      `;
    },
    "payment.PaymentConfirmed": async ({ events, tx }) => {
      await tx.sql`
        insert into order_history (order_id, payment)
        select "orderId", 'confirmed'
        from jsonb_to_recordset(${rowsOf(events)}::jsonb) as confirmed ("orderId" uuid)
        on conflict (order_id) do update
        set payment = excluded.payment
      `;
    },
    "payment.PaymentDeclined": async ({ events, tx }) => {
      await tx.sql`
        insert into order_history (order_id, payment, decline_reason)
        select "orderId", 'declined', reason
        from jsonb_to_recordset(${rowsOf(events)}::jsonb) as declined ("orderId" uuid, reason text)
        on conflict (order_id) do update
        set payment = excluded.payment, decline_reason = excluded.decline_reason
      `;
    },
    "fulfillment.OrderShipped": async ({ events, tx }) => {
      await tx.sql`
        insert into order_history (order_id, tracking_number, shipped_at)
        select "orderId", "trackingNumber", coalesce("shippedAt", at)
        from jsonb_to_recordset(${rowsOf(events)}::jsonb) as shipped (
          "orderId" uuid, "trackingNumber" text, "shippedAt" timestamptz, at timestamptz
        )
        on conflict (order_id) do update
        set tracking_number = excluded.tracking_number, shipped_at = excluded.shipped_at
      `;
    },
    "customer.CustomerRegistered": async ({ events, tx }) => name(tx, events),
    "customer.CustomerRenamed": async ({ events, tx }) => name(tx, events),
  },
});

interface Told<Data> {
  readonly key: string;
  readonly data: Data;
  readonly at: Date;
}

interface Name {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
}

async function name(tx: Reader, events: readonly Told<Name>[]): Promise<void> {
  const named = events.map((event) => ({ ...event, data: { ...event.data, name: fullName(event.data) } }));
  await tx.sql`
    insert into customer_name (customer_id, name)
    select "customerId", name
    from jsonb_to_recordset(${rowsOf(named)}::jsonb) as named ("customerId" uuid, name text)
    on conflict (customer_id) do update
    set name = excluded.name
  `;
}

/**
 * What the last event of each key says, and its time, as JSON: no statement touches a row twice. The keys are in order, so
 * that of two batches which need the same rows one waits and none deadlocks.
 */
function rowsOf(events: readonly Told<object>[]): string {
  const last = new Map(events.map(({ key, data, at }) => [key, { ...data, at }]));
  const keys = [...last.keys()].sort();
  return JSON.stringify(keys.map((key) => last.get(key)));
}
