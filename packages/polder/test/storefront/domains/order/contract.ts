import { api, event, query } from "polder";
import { z } from "zod";

export const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({
          customerId: z.string(),
          limit: z.int().min(1).max(50).default(20),
        }),
        output: z.object({ orders: z.array(z.object({ orderId: z.string(), sku: z.string() })) }),
        refusals: { CustomerUnknown: z.object({ customerId: z.string() }) },
        access: "signed-in",
      }),
    },
  },
});

export const OrderPlaced = event("order.OrderPlaced", {
  key: "orderId",
  versions: {
    "1.0.0": z.object({ orderId: z.string(), customerId: z.string(), sku: z.string(), total: z.int() }),
  },
});
