import { composition, handler, type Implementation, implement } from "@polder/model";
import { Customers, History, history, Orders, Payments, Shipments } from "./domains.ts";
import { orderHistory } from "./order-history.ts";

const bySource = {
  customer: { query: Customers.byId, input: { customerId: "customerId" } },
  placed: { query: Orders.ofCustomer, input: { customerId: "customerId" } },
} as const;

/** The domain that shows the page: by a composition, by calls written by hand, and from a read model. */
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
