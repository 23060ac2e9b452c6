import { handler } from "polder";
import { Payment } from "./contract.ts";
import { payment } from "./domain.ts";

interface PaymentRow {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: "confirmed" | "declined";
  readonly reason: string | null;
  readonly amountCents: number;
  readonly currency: string;
  readonly decidedAt: Date;
}

export const paymentOfOrder = handler(payment, Payment.paymentOfOrder, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<PaymentRow>`
    select
      payment_id as "paymentId", order_id as "orderId", status, reason,
      amount_cents as "amountCents", currency, decided_at as "decidedAt"
    from payment
    where order_id = ${input.orderId}
  `;
  if (found === undefined) return refuse("UnknownOrder", input);
  return { ...found, decidedAt: found.decidedAt.toISOString() };
});
