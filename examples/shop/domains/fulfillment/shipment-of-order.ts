import { handler } from "polder";
import { Fulfillment } from "./contract.ts";
import { fulfillment } from "./domain.ts";

interface ShipmentRow {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly status: "waiting" | "shipped";
  readonly trackingNumber: string | null;
  readonly shippedAt: Date | null;
}

export const shipmentOfOrder = handler(fulfillment, Fulfillment.shipmentOfOrder, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<ShipmentRow>`
    select
      shipment_id as "shipmentId", order_id as "orderId",
      case when shipped_at is null then 'waiting' else 'shipped' end as status,
      tracking_number as "trackingNumber", shipped_at as "shippedAt"
    from shipment
    where order_id = ${input.orderId}
  `;
  if (found === undefined) return refuse("UnknownOrder", input);
  return { ...found, shippedAt: found.shippedAt?.toISOString() ?? null };
});
