import { randomUUID } from "node:crypto";
import { handler } from "polder";
import { Payment, PaymentDeclined } from "./contract.ts";
import { payment } from "./domain.ts";

/** Whoever comes first decides: an order is paid or given up, never both. */
export const giveUp = handler(payment, Payment.giveUp, async ({ input, tx, refuse }) => {
  const { orderId, customerId, amountCents, currency, reason } = input;
  const { count } = await tx.sql`
    insert into payment (payment_id, order_id, customer_id, amount_cents, currency, status, reason)
    values (${randomUUID()}, ${orderId}, ${customerId}, ${amountCents}, ${currency}, 'declined', ${reason})
    on conflict (order_id) do nothing
  `;
  if (count > 0) {
    tx.publish(PaymentDeclined, { orderId, reason });
    return;
  }
  const [paid] = await tx.sql<{ paymentId: string }>`
    select payment_id as "paymentId"
    from payment
    where order_id = ${orderId} and status = 'confirmed'
  `;
  if (paid !== undefined) return refuse("AlreadyPaid", paid);
});
