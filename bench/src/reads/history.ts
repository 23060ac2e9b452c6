import {
  api,
  composition,
  domain,
  event,
  gone,
  handler,
  type Implementation,
  implement,
  need,
  query,
  type ReadModel,
  type Replica,
  readModel,
  replica,
  team,
} from "@polder/model";
import { z } from "zod";

// Four domains that own what a page "orders of a customer" shows, and a fifth that shows it: by a composition, by calls
// written by hand, and from a read model. Orders keeps the names of customers in a replica.

const id = z.uuid();
const orders = z.array(z.object({ orderId: id, totalCents: z.int() }));
const payments = z.array(z.object({ orderId: id, amountCents: z.int() }));
const shipments = z.array(z.object({ orderId: id, trackingNumber: z.string() }));
const keys = z.array(id).max(100);
const customerId = id;

export const Customers = api("customers", {
  versions: {
    "1.0.0": {
      byId: query("GET /customers/:customerId", {
        input: z.object({ customerId }),
        output: z.object({ name: z.string() }),
      }),
      all: query("GET /customers", {
        input: z.object({ after: id.optional() }),
        output: z.object({ customers: z.array(z.object({ customerId, name: z.string() })), next: id.nullable() }),
        pages: { after: "after", items: "customers", next: "next" },
      }),
    },
  },
});
export const Named = event("customers.Named", {
  key: "customerId",
  versions: { "1.0.0": z.object({ customerId, name: z.string() }) },
});

export const Orders = api("orders", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId }),
        output: z.object({ orders }),
      }),
      /** With the customer's name, joined from the replica. */
      named: query("GET /customers/:customerId/named-orders", {
        input: z.object({ customerId }),
        output: z.object({
          orders: z.array(z.object({ orderId: id, totalCents: z.int(), name: z.string().nullable() })),
        }),
      }),
    },
  },
});
export const Placed = event("orders.Placed", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId: id, customerId, totalCents: z.int(), number: z.int() }) },
});

export const Payments = api("payments", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderId: keys }),
        output: z.object({ payments }),
        batch: { keys: "orderId", items: "payments", key: "orderId" },
      }),
      ofCustomer: query("GET /customers/:customerId/payments", {
        input: z.object({ customerId }),
        output: z.object({ payments }),
      }),
    },
  },
});
export const Paid = event("payments.Paid", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId: id, amountCents: z.int() }) },
});

export const Shipments = api("shipments", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /shipments", {
        input: z.object({ orderId: keys }),
        output: z.object({ shipments }),
        batch: { keys: "orderId", items: "shipments", key: "orderId" },
      }),
      ofCustomer: query("GET /customers/:customerId/shipments", {
        input: z.object({ customerId }),
        output: z.object({ shipments }),
      }),
    },
  },
});
export const Shipped = event("shipments.Shipped", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId: id, trackingNumber: z.string() }) },
});

const page = {
  input: z.object({ customerId }),
  output: z.object({
    name: z.string().nullable(),
    orders: z.array(
      z.object({
        orderId: id,
        totalCents: z.int(),
        paidCents: z.int().nullable(),
        trackingNumber: z.string().nullable(),
      }),
    ),
  }),
};
export const History = api("history", {
  versions: {
    "1.0.0": {
      composed: query("GET /composed/:customerId", page),
      /** All sources at the same time, none after another. */
      flat: query("GET /flat/:customerId", page),
      naive: query("GET /naive/:customerId", page),
      kept: query("GET /kept/:customerId", page),
    },
  },
});

const crew = team("Crew", { contact: "#crew" });
const customers = domain("customers", { owner: crew, capability: "Know", publishes: [Customers, Named] });
const ordering = domain("orders", {
  owner: crew,
  capability: "Order",
  publishes: [Orders, Placed],
  needs: [need(Customers, "1.0.0"), need(Named, "1.0.0")],
});
const paying = domain("payments", { owner: crew, capability: "Pay", publishes: [Payments, Paid] });
const shipping = domain("shipments", { owner: crew, capability: "Ship", publishes: [Shipments, Shipped] });
export const history = domain("history", {
  owner: crew,
  capability: "Show",
  publishes: [History],
  needs: [
    need(Customers, "1.0.0"),
    need(Orders, "1.0.0"),
    need(Payments, "1.0.0"),
    need(Shipments, "1.0.0"),
    need(Named, "1.0.0"),
    need(Placed, "1.0.0"),
    need(Paid, "1.0.0"),
    need(Shipped, "1.0.0"),
  ],
});

/** SQL of the tables of each domain. */
export const tables: Readonly<Record<string, string>> = {
  customers: "create table customer (customer_id uuid primary key, name text not null)",
  orders:
    "create table placed (order_id uuid primary key, customer_id uuid not null, total_cents int not null); create index on placed (customer_id)",
  payments:
    "create table payment (order_id uuid primary key, customer_id uuid not null, amount_cents int not null); create index on payment (customer_id)",
  shipments:
    "create table shipment (order_id uuid primary key, customer_id uuid not null, tracking_number text not null); create index on shipment (customer_id)",
  history: "create table nothing (nothing int)",
};

const names: Replica = replica(ordering, "customer-name", {
  key: { customer_id: "uuid" },
  columns: { name: "text" },
  fill: { query: Customers.all, row: ({ customerId: of, name }) => ({ customer_id: of, name }) },
  events: {
    "customers.Named": ({ customerId: of, name }) =>
      name === "" ? gone({ customer_id: of }) : { customer_id: of, name },
  },
  stalenessMaxMs: 60_000,
});

const customersDomain = implement(customers, {
  apis: {
    customers: {
      byId: handler(customers, Customers.byId, async ({ input, tx }) => {
        const [found] = await tx.sql<{
          name: string;
        }>`select name from customer where customer_id = ${input.customerId}`;
        return { name: found?.name ?? "" };
      }),
      all: handler(customers, Customers.all, async ({ input, tx }) => {
        const found = await tx.query<{ customerId: string; name: string }>(
          `select customer_id as "customerId", name from customer where $1::uuid is null or customer_id > $1 order by customer_id limit 1000`,
          [input.after ?? null],
        );
        const last = found.rows.at(-1)?.customerId ?? null;
        return { customers: found.rows, next: found.rows.length < 1_000 ? null : last };
      }),
    },
  },
});

const ordersDomain = implement(ordering, {
  apis: {
    orders: {
      ofCustomer: handler(ordering, Orders.ofCustomer, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; totalCents: number }>`
          select order_id as "orderId", total_cents as "totalCents" from placed where customer_id = ${input.customerId}
        `;
        return { orders: [...found] };
      }),
      named: handler(ordering, Orders.named, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; totalCents: number; name: string | null }>`
          select p.order_id as "orderId", p.total_cents as "totalCents", c.name
          from placed p left join customer_name c using (customer_id)
          where p.customer_id = ${input.customerId}
        `;
        return { orders: [...found] };
      }),
    },
  },
  replicas: [names],
});

const paymentsDomain = implement(paying, {
  apis: {
    payments: {
      ofOrders: handler(paying, Payments.ofOrders, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; amountCents: number }>`
          select order_id as "orderId", amount_cents as "amountCents" from payment where order_id = any (${input.orderId})
        `;
        return { payments: [...found] };
      }),
      ofCustomer: handler(paying, Payments.ofCustomer, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; amountCents: number }>`
          select order_id as "orderId", amount_cents as "amountCents" from payment where customer_id = ${input.customerId}
        `;
        return { payments: [...found] };
      }),
    },
  },
});

const shipmentsDomain = implement(shipping, {
  apis: {
    shipments: {
      ofOrders: handler(shipping, Shipments.ofOrders, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; trackingNumber: string }>`
          select order_id as "orderId", tracking_number as "trackingNumber"
          from shipment
          where order_id = any (${input.orderId})
        `;
        return { shipments: [...found] };
      }),
      ofCustomer: handler(shipping, Shipments.ofCustomer, async ({ input, tx }) => {
        const found = await tx.sql<{ orderId: string; trackingNumber: string }>`
          select order_id as "orderId", tracking_number as "trackingNumber"
          from shipment
          where customer_id = ${input.customerId}
        `;
        return { shipments: [...found] };
      }),
    },
  },
});

/** The domains that own the data. */
export const sources: readonly Implementation[] = [customersDomain, ordersDomain, paymentsDomain, shipmentsDomain];

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

const orderHistory: ReadModel = readModel(history, "order-history", {
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

const bySource = {
  customer: { query: Customers.byId, input: { customerId: "customerId" } },
  placed: { query: Orders.ofCustomer, input: { customerId: "customerId" } },
} as const;

/** The domain that shows it. */
export const historyDomain: Implementation = implement(history, {
  apis: {
    history: {
      composed: composition(history, History.composed, {
        sources: bySource,
        joins: {
          paid: { query: Payments.ofOrders, keys: ({ placed }) => placed.orders.map(({ orderId }) => orderId) },
          shipped: { query: Shipments.ofOrders, keys: ({ placed }) => placed.orders.map(({ orderId }) => orderId) },
        },
        answer: ({ customer, placed, paid, shipped }) => ({
          name: customer.name,
          orders: placed.orders.map((order) => ({
            ...order,
            paidCents: paid.one(order.orderId)?.amountCents ?? null,
            trackingNumber: shipped.one(order.orderId)?.trackingNumber ?? null,
          })),
        }),
      }),
      flat: composition(history, History.flat, {
        sources: {
          ...bySource,
          paid: { query: Payments.ofCustomer, input: { customerId: "customerId" } },
          shipped: { query: Shipments.ofCustomer, input: { customerId: "customerId" } },
        },
        answer: ({ customer, placed, paid, shipped }) => {
          const amounts = new Map(paid.payments.map(({ orderId, amountCents }) => [orderId, amountCents]));
          const numbers = new Map(shipped.shipments.map(({ orderId, trackingNumber }) => [orderId, trackingNumber]));
          return {
            name: customer.name,
            orders: placed.orders.map((order) => ({
              ...order,
              paidCents: amounts.get(order.orderId) ?? null,
              trackingNumber: numbers.get(order.orderId) ?? null,
            })),
          };
        },
      }),
      // As it is often written: two more calls for each order, all at once.
      naive: handler(history, History.naive, async ({ input, call }) => {
        const [customer, placed] = await Promise.all([call(Customers).byId(input), call(Orders).ofCustomer(input)]);
        if (!customer.ok || !placed.ok) throw new Error("a query without refusals was refused");
        const found = await Promise.all(
          placed.value.orders.map(async (order) => {
            const of = { orderId: [order.orderId] };
            const [paid, shipped] = await Promise.all([call(Payments).ofOrders(of), call(Shipments).ofOrders(of)]);
            return {
              ...order,
              paidCents: (paid.ok ? paid.value.payments[0]?.amountCents : undefined) ?? null,
              trackingNumber: (shipped.ok ? shipped.value.shipments[0]?.trackingNumber : undefined) ?? null,
            };
          }),
        );
        return { name: customer.value.name, orders: found };
      }),
      kept: handler(history, History.kept, async ({ input, tx }) => {
        const found = await tx.sql<{
          orderId: string;
          totalCents: number;
          paidCents: number | null;
          trackingNumber: string | null;
          name: string | null;
        }>`
          select h.order_id as "orderId", h.total_cents as "totalCents", h.paid_cents as "paidCents",
            h.tracking_number as "trackingNumber", c.name
          from order_history h left join customer_name c using (customer_id)
          where h.customer_id = ${input.customerId}
        `;
        return { name: found[0]?.name ?? null, orders: found.map(({ name: _, ...order }) => order) };
      }),
    },
  },
  readModels: [orderHistory],
});
