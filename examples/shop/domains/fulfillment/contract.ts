import { api, event, query } from "polder";
import { closedEnum } from "polder/zod";
import { z } from "zod";

const orderId = z.uuid();
const shipmentId = z.uuid();

export const Fulfillment = api("fulfillment", {
  versions: {
    "1.0.0": {
      shipmentOfOrder: query("GET /orders/:orderId/shipment", {
        input: z.object({ orderId }),
        output: z.object({
          shipmentId,
          orderId,
          status: closedEnum("waiting", "shipped"),
          trackingNumber: z.string().nullable(),
          shippedAt: z.iso.datetime().nullable(),
        }),
        refusals: { UnknownOrder: z.object({ orderId }) },
        access: "signed-in",
      }),
    },
  },
});

export const OrderShipped = event("fulfillment.OrderShipped", {
  key: "orderId",
  versions: {
    "1.0.0": z.object({
      shipmentId,
      orderId,
      trackingNumber: z.string(),
      lines: z.array(z.object({ sku: z.string(), quantity: z.int(), reservationId: z.uuid() })),
    }),
  },
});
