import { api, event, query } from "polder";
import { closedEnum } from "polder/zod";
import { z } from "zod";

const orderId = z.uuid();
const shipmentId = z.uuid();

const shipment = z.object({
  shipmentId,
  orderId,
  status: closedEnum("waiting", "shipped"),
  trackingNumber: z.string().nullable(),
  shippedAt: z.iso.datetime().nullable(),
});

const shipmentOfOrder = query("GET /orders/:orderId/shipment", {
  input: z.object({ orderId }),
  output: shipment,
  refusals: { UnknownOrder: z.object({ orderId }) },
  access: "signed-in",
});

export const Fulfillment = api("fulfillment", {
  versions: {
    "1.0.0": { shipmentOfOrder },
    "1.1.0": {
      shipmentOfOrder,
      /** Of orders that Fulfillment has not heard of there is no shipment. */
      shipmentsOfOrders: query("GET /shipments", {
        input: z.object({ orderId: z.array(orderId).min(1).max(100) }),
        output: z.object({ shipments: z.array(shipment) }),
        batch: { keys: "orderId", items: "shipments", key: "orderId" },
        access: "signed-in",
      }),
    },
  },
});

const shipped = {
  shipmentId,
  orderId,
  trackingNumber: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), reservationId: z.uuid() })),
};

export const OrderShipped = event("fulfillment.OrderShipped", {
  key: "orderId",
  versions: {
    "1.0.0": z.object(shipped),
    /** Says when, as the API does; events of before do not. */
    "1.1.0": z.object({ ...shipped, shippedAt: z.iso.datetime().optional() }),
  },
});
