// #region contract
import { api, query } from "polder";
import { missingSources } from "polder/zod";
import { z } from "zod";

export const Storefront = api("storefront", {
  versions: {
    "1.0.0": {
      orderHistory: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId: z.string(), limit: z.int().min(1).max(50).optional() }),
        output: z.object({
          orders: z.array(z.object({ orderId: z.string(), sku: z.string(), payments: z.array(z.int()).nullable() })),
          missing: missingSources(),
        }),
        refusals: { CustomerUnknown: z.object({ customerId: z.string() }) },
        access: "signed-in",
      }),
    },
  },
});
// #endregion contract
