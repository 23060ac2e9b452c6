import type { Transaction } from "polder";
import { OrderShipped } from "./contract.ts";
import type { fulfillment } from "./domain.ts";

interface Sent {
  readonly shipmentId: string;
  readonly trackingNumber: string;
  readonly shippedAt: Date;
}

interface LineRow {
  readonly sku: string;
  readonly quantity: number;
  readonly reservationId: string;
}

/** Sends an order off when it is known and paid, once. */
export async function shipWhenReady(tx: Transaction<typeof fulfillment>, orderId: string): Promise<void> {
  const [sent] = await tx.sql<Sent>`
    update shipment
    set shipped_at = now(), tracking_number = 'PARCEL-' || shipment_id
    where order_id = ${orderId} and ordered_at is not null and paid_at is not null and shipped_at is null
    returning shipment_id as "shipmentId", tracking_number as "trackingNumber", shipped_at as "shippedAt"
  `;
  if (sent === undefined) return;
  const lines = await tx.sql<LineRow>`
    select sku, quantity, reservation_id as "reservationId"
    from shipment_line
    where order_id = ${orderId}
    order by sku
  `;
  tx.publish(OrderShipped, { ...sent, shippedAt: sent.shippedAt.toISOString(), orderId, lines: [...lines] });
}
