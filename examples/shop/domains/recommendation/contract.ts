import { api, query } from "polder";
import { z } from "zod";

export const Recommendation = api("recommendation", {
  versions: {
    "1.0.0": {
      /** What is most often ordered together with a product: at most five others, the most frequent first. */
      boughtWith: query("GET /products/:sku/bought-with", {
        input: z.object({ sku: z.string().min(1).max(64) }),
        output: z.object({
          products: z.array(
            z.object({
              sku: z.string(),
              /** Missing until Recommendation has heard of it. */
              title: z.string().nullable(),
              orders: z.int(),
            }),
          ),
        }),
        access: "anyone",
      }),
    },
  },
});
