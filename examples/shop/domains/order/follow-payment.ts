import { subscription } from "polder";
import { OrderCancelled } from "./contract.ts";
import { order } from "./domain.ts";

export const followPayment = subscription(order, "follow-payment", {
  "payment.PaymentConfirmed": async ({ event, tx }) => {
    await tx.sql`
      update orders
      set paid_at = ${event.at}
      where order_id = ${event.data.orderId}
    `;
  },

  "payment.PaymentDeclined": async ({ event, tx }) => {
    const { orderId, reason } = event.data;
    const [cancelled] = await tx.sql<{ customerId: string }>`
      update orders
      set cancelled_at = ${event.at}, cancel_reason = ${reason}
      where order_id = ${orderId} and cancelled_at is null
      returning customer_id as "customerId"
    `;
    if (cancelled === undefined) return;
    const lines = await tx.sql<{ reservationId: string }>`
      select reservation_id as "reservationId"
      from order_line
      where order_id = ${orderId}
    `;
    const reservationIds = lines.map(({ reservationId }) => reservationId);
    tx.publish(OrderCancelled, { orderId, customerId: cancelled.customerId, reason, reservationIds });
  },
});
