import type { Reader } from "polder";

/** How the goods of an order stand. */
interface FoundShipment {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly status: "waiting" | "shipped";
  readonly trackingNumber: string | null;
  readonly shippedAt: string | null;
}

/** The shipments of orders, as far as Fulfillment has heard of them: of each order one at most. */
export async function findShipments(reader: Reader, orderIds: readonly string[]): Promise<FoundShipment[]> {
  const found = await reader.sql<Omit<FoundShipment, "shippedAt"> & { readonly shippedAt: Date | null }>`
    select
      shipment_id as "shipmentId", order_id as "orderId",
      case when shipped_at is null then 'waiting' else 'shipped' end as status,
      tracking_number as "trackingNumber", shipped_at as "shippedAt"
    from shipment
    where order_id = any (${orderIds}::uuid[])
  `;
  return found.map((shipment) => ({ ...shipment, shippedAt: shipment.shippedAt?.toISOString() ?? null }));
}
