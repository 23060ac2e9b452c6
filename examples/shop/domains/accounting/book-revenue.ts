import { randomUUID } from "node:crypto";
import { subscription } from "polder";
import { accounting } from "./domain.ts";

export const bookRevenue = subscription(accounting, "book-revenue", {
  "payment.PaymentConfirmed": async ({ event, tx }) => {
    const { paymentId, amountCents, currency } = event.data;
    await tx.sql`
      insert into entry (entry_id, payment_id, debit, credit, amount_cents, currency)
      values (${randomUUID()}, ${paymentId}, 'bank', 'sales', ${amountCents}, ${currency})
      on conflict (payment_id) do nothing
    `;
  },
});
