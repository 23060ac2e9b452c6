import { api, query } from "polder";
import { z } from "zod";

export const Support = api("support", {
  versions: {
    "1.0.0": {
      /** Orders of all customers that are not paid in full, those that lack most first. */
      unpaidOrders: query("GET /unpaid-orders", {
        input: z.object({ limit: z.int().min(1).max(100).default(50) }),
        output: z.object({
          orders: z.array(
            z.object({
              orderId: z.string(),
              customerId: z.string(),
              /** Null until Support has heard of the product. */
              title: z.string().nullable(),
              total: z.int(),
              paid: z.int(),
            }),
          ),
        }),
      }),
    },
  },
});
