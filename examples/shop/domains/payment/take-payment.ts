import { randomUUID } from "node:crypto";
import { subscription } from "polder";
import { PaymentConfirmed, PaymentDeclined } from "./contract.ts";
import { payment } from "./domain.ts";
import { askBank } from "./simulated-bank.ts";

/** The simulated bank is a function. A real one is outside the database, and asked in an `outsideSubscription`. */
export const takePayment = subscription(payment, "take-payment", {
  "order.OrderPlaced": async ({ event, tx }) => {
    const { orderId, customerId, totalCents: amountCents, currency } = event.data;
    const decision = askBank(amountCents);
    const reason = decision.status === "declined" ? decision.reason : null;
    const paymentId = randomUUID();
    // An order is paid once, whatever comes twice.
    const { count } = await tx.sql`
      insert into payment (payment_id, order_id, customer_id, amount_cents, currency, status, reason)
      values (${paymentId}, ${orderId}, ${customerId}, ${amountCents}, ${currency}, ${decision.status}, ${reason})
      on conflict (order_id) do nothing
    `;
    if (count === 0) return;
    if (decision.status === "confirmed") {
      tx.publish(PaymentConfirmed, { paymentId, orderId, customerId, amountCents, currency });
    } else {
      tx.publish(PaymentDeclined, { orderId, reason: decision.reason });
    }
  },
});
