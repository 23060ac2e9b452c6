import type { Transaction } from "polder";
import { OrderCancelled } from "./contract.ts";
import type { order } from "./domain.ts";
import type { PlacedOrder } from "./insert-order.ts";

/** Cancels an order that was placed, and tells of it. What it has reserved is given back by others. */
export async function cancelOrder(
  tx: Transaction<typeof order>,
  { orderId, customerId, lines }: PlacedOrder,
  reason: string,
): Promise<void> {
  await tx.sql`
    update orders
    set cancelled_at = now(), cancel_reason = ${reason}
    where order_id = ${orderId}
  `;
  const reservationIds = lines.map(({ reservationId }) => reservationId);
  tx.publish(OrderCancelled, { orderId, customerId, reason, reservationIds });
}
