import { api, domain, event, need, query, team } from "@polder/model";
import { z } from "zod";

// Four domains that own what a page "orders of a customer" shows, and a fifth that shows it.

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
export const customers = domain("customers", { owner: crew, capability: "Know", publishes: [Customers, Named] });
export const ordering = domain("orders", {
  owner: crew,
  capability: "Order",
  publishes: [Orders, Placed],
  needs: [need(Customers, "1.0.0"), need(Named, "1.0.0")],
});
export const paying = domain("payments", { owner: crew, capability: "Pay", publishes: [Payments, Paid] });
export const shipping = domain("shipments", { owner: crew, capability: "Ship", publishes: [Shipments, Shipped] });
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
