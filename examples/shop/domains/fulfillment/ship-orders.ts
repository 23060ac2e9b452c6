import { randomUUID } from "node:crypto";
import { subscription } from "polder";
import { fulfillment } from "./domain.ts";
import { shipWhenReady } from "./ship-when-ready.ts";

/**
 * What to ship comes from Order, that it is paid comes from Payment, and nobody says which comes
 * first. The first news begins the shipment; each is written down, and the second one sends it off.
 */
export const shipOrders = subscription(fulfillment, "ship-orders", {
  "order.OrderPlaced": async ({ event, tx }) => {
    const { orderId, lines } = event.data;
    // On conflict it waits for the other news of the same order, should that be on its way.
    await tx.sql`
      insert into shipment (shipment_id, order_id, ordered_at)
      values (${randomUUID()}, ${orderId}, ${event.at})
      on conflict (order_id) do update
      set ordered_at = excluded.ordered_at
    `;
    await tx.sql`
      insert into shipment_line (order_id, reservation_id, sku, quantity)
      select ${orderId}::uuid, "reservationId", sku, quantity
      from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
        as line ("reservationId" uuid, sku text, quantity int)
      on conflict do nothing
    `;
    await shipWhenReady(tx, orderId);
  },

  "payment.PaymentConfirmed": async ({ event, tx }) => {
    const { orderId } = event.data;
    await tx.sql`
      insert into shipment (shipment_id, order_id, paid_at)
      values (${randomUUID()}, ${orderId}, ${event.at})
      on conflict (order_id) do update
      set paid_at = excluded.paid_at
    `;
    await shipWhenReady(tx, orderId);
  },
});
