// #region handler
import { handler } from "polder";
import { Payment } from "./contract.ts";
import { payment } from "./domain.ts";

export const ofOrders = handler(payment, Payment.ofOrders, async ({ input, tx }) => {
  const found = await tx.sql<{ orderId: string; amount: number }>`
    select order_id as "orderId", amount
    from payment
    where order_id = any (${input.orderId})
    order by payment_id
  `;
  return { payments: [...found] };
});
// #endregion handler
