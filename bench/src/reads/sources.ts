import { gone, handler, type Implementation, implement, type Replica, replica } from "@polder/model";
import { Customers, customers, Orders, ordering, Payments, paying, Shipments, shipping } from "./domains.ts";

// The domains that own the data. Orders keeps the names of customers in a replica.

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
