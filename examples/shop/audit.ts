import { disagreements, type Facts } from "./audit-rules.ts";

/**
 * Runs a query on the database of a domain as somebody who may read every schema. Tables are named
 * with their schema, and a query reads one domain only, so the domains may live in different databases.
 */
export type Ask = (sql: string, domain: string) => Promise<readonly unknown[]>;

/**
 * Counts stock, reservations, orders, payments, shipments and books from the tables of all domains,
 * and says where they disagree; nothing to say means that they agree to the unit.
 *
 * With `settled` every event has been delivered, and the domains must agree in everything. Without,
 * no domain may run ahead of its causes; `ask` must then read one snapshot (a repeatable read transaction).
 */
export async function audit(ask: Ask, { settled }: { readonly settled: boolean }): Promise<readonly string[]> {
  return disagreements(await readFacts(ask), { settled });
}

async function readFacts(ask: Ask): Promise<Facts> {
  // One after the other: a snapshot is one connection.
  const facts: Record<string, readonly unknown[]> = {};
  for (const [name, { domain, sql }] of Object.entries(questions)) facts[name] = await ask(sql, domain);
  return facts as unknown as Facts;
}

/** A time as contracts have it: to the millisecond. */
const timeOf = (sqlTime: string): string =>
  `to_char(date_trunc('milliseconds', ${sqlTime} at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const questions: { readonly [Name in keyof Facts]: { readonly domain: string; readonly sql: string } } = {
  customers: {
    domain: "customer",
    sql: `
      select customer_id::text as "customerId", rtrim(first_name || ' ' || last_name) as name
      from customer.customer`,
  },
  names: {
    domain: "order",
    sql: `select customer_id::text as "customerId", name from "order".customer_name`,
  },
  stock: {
    domain: "inventory",
    sql: `
      select
        sku, on_hand as "onHand", reserved,
        (select coalesce(sum(quantity), 0)::float8 from inventory.delivery where delivery.sku = stock.sku) as received
      from inventory.stock`,
  },
  reservations: {
    domain: "inventory",
    sql: `
      select reservation_id::text as "reservationId", order_id::text as "orderId", sku, quantity, status
      from inventory.reservation`,
  },
  orders: {
    domain: "order",
    sql: `
      select
        order_id::text as "orderId", customer_id::text as "customerId", ${timeOf("placed_at")} as "placedAt",
        status, total_cents as "totalCents", paid_at is not null as paid, shipped_at is not null as shipped
      from "order".orders`,
  },
  lines: {
    domain: "order",
    sql: `
      select
        order_id::text as "orderId", sku, quantity, unit_cents as "unitCents",
        reservation_id::text as "reservationId"
      from "order".order_line`,
  },
  payments: {
    domain: "payment",
    sql: `
      select
        payment_id::text as "paymentId", order_id::text as "orderId", status, reason, amount_cents as "amountCents"
      from payment.payment`,
  },
  shipments: {
    domain: "fulfillment",
    sql: `
      select
        order_id::text as "orderId", shipped_at is not null as shipped, tracking_number as "trackingNumber",
        ${timeOf("shipped_at")} as "shippedAt"
      from fulfillment.shipment`,
  },
  shipmentLines: {
    domain: "fulfillment",
    sql: `
      select order_id::text as "orderId", reservation_id::text as "reservationId", sku, quantity
      from fulfillment.shipment_line`,
  },
  entries: {
    domain: "accounting",
    sql: `select payment_id::text as "paymentId", amount_cents as "amountCents" from accounting.entry`,
  },
  balances: {
    domain: "accounting",
    sql: `
      select account, sum(amount_cents)::float8 as "balanceCents"
      from accounting.posting
      group by account`,
  },
  products: {
    domain: "catalog",
    sql: `select sku, title from catalog.product`,
  },
  titles: {
    domain: "recommendation",
    sql: `select sku, title from recommendation.title`,
  },
  pairs: {
    domain: "recommendation",
    sql: `select sku, other, orders from recommendation.pair`,
  },
  shown: {
    domain: "storefront",
    sql: `
      select
        order_id::text as "orderId", customer_id::text as "customerId", ${timeOf("placed_at")} as "placedAt",
        total_cents as "totalCents", status, payment, decline_reason as reason, tracking_number as "trackingNumber",
        ${timeOf("shipped_at")} as "shippedAt"
      from storefront.order_history
      where placed_at is not null`,
  },
  shownNames: {
    domain: "storefront",
    sql: `select customer_id::text as "customerId", name from storefront.customer_name`,
  },
};
