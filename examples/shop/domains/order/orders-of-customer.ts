import { handler } from "polder";
import { Order } from "./contract.ts";
import { order } from "./domain.ts";

export interface OrderRow {
  readonly orderId: string;
  readonly status: "placed" | "paid" | "shipped" | "cancelled";
  readonly totalCents: number;
  readonly currency: string;
  readonly placedAt: Date;
}

export const ordersOfCustomer = handler(order, Order.ordersOfCustomer, async ({ input, tx }) => {
  const [customer] = await tx.sql<{ name: string }>`
    select name
    from customer_name
    where customer_id = ${input.customerId}
  `;
  const orders = await tx.sql<OrderRow>`
    select
      order_id as "orderId", status, total_cents as "totalCents", currency, placed_at as "placedAt"
    from orders
    where customer_id = ${input.customerId}
    order by placed_at desc
    limit 100
  `;
  return {
    customerName: customer?.name ?? null,
    orders: orders.map((found) => ({ ...found, placedAt: found.placedAt.toISOString() })),
  };
});
