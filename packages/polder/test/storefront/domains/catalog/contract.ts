// #region contract
import { api, event, query } from "polder";
import { z } from "zod";

const sku = z.string();
const title = z.string();

export const Catalog = api("catalog", {
  versions: {
    "1.0.0": {
      products: query("GET /products", {
        input: z.object({ after: sku.optional() }),
        output: z.object({ products: z.array(z.object({ sku, title })), next: sku.nullable() }),
        pages: { after: "after", items: "products", next: "next" },
      }),
    },
  },
});

export const ProductDescribed = event("catalog.ProductDescribed", {
  key: "sku",
  versions: { "1.0.0": z.object({ sku, title }) },
});
export const ProductWithdrawn = event("catalog.ProductWithdrawn", {
  key: "sku",
  versions: { "1.0.0": z.object({ sku }) },
});
// #endregion contract
