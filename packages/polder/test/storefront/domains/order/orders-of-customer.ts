import { handler } from "polder";
import { Order } from "./contract.ts";
import { order } from "./domain.ts";

export const ofCustomer = handler(order, Order.ofCustomer, async ({ input, tx, refuse }) => {
  const { customerId, limit } = input;
  const found = await tx.sql<{ orderId: string; sku: string }>`
    select order_id as "orderId", sku
    from placed
    where customer_id = ${customerId}
    order by order_id desc
    limit ${limit}
  `;
  return found.length === 0 ? refuse("CustomerUnknown", { customerId }) : { orders: [...found] };
});
