import { handler } from "polder";
import { Order } from "./contract.ts";
import { order } from "./domain.ts";
import type { OrderRow } from "./orders-of-customer.ts";

interface OrderWithCustomer extends OrderRow {
  readonly customerId: string;
  readonly customerName: string | null;
}

interface LineRow {
  readonly sku: string;
  readonly quantity: number;
  readonly unitCents: number;
}

export const orderById = handler(order, Order.orderById, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<OrderWithCustomer>`
    select
      order_id as "orderId", customer_id as "customerId", name as "customerName",
      status, total_cents as "totalCents", currency, placed_at as "placedAt"
    from orders
    left join customer_name using (customer_id)
    where order_id = ${input.orderId}
  `;
  if (found === undefined) return refuse("UnknownOrder", input);
  const lines = await tx.sql<LineRow>`
    select sku, quantity, unit_cents as "unitCents"
    from order_line
    where order_id = ${input.orderId}
    order by line_number
  `;
  return { ...found, placedAt: found.placedAt.toISOString(), lines: [...lines] };
});
