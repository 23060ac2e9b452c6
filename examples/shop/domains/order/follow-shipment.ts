import { subscription } from "polder";
import { order } from "./domain.ts";

/** The news of the shipment may overtake that of the payment: each sets its own date, and the status follows. */
export const followShipment = subscription(order, "follow-shipment", {
  "fulfillment.OrderShipped": async ({ event, tx }) => {
    await tx.sql`
      update orders
      set shipped_at = ${event.at}
      where order_id = ${event.data.orderId}
    `;
  },
});
