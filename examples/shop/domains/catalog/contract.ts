import { api, command, event, query } from "polder";
import { z } from "zod";

const sku = z.string().min(1).max(64);
const title = z.string().min(1).max(120);
const description = z.string().max(2_000);

export const Catalog = api("catalog", {
  versions: {
    "1.0.0": {
      product: query("GET /products/:sku", {
        input: z.object({ sku }),
        output: z.object({ sku: z.string(), title: z.string(), description: z.string() }),
        refusals: { UnknownProduct: z.object({ sku: z.string() }) },
        access: "anyone",
      }),
      /** The first one puts the product into the catalogue, later ones describe it anew. */
      describe: command("PUT /products/:sku", {
        input: z.object({ sku, title, description: description.default("") }),
        access: "catalog.write",
      }),
    },
  },
});

export const ProductDescribed = event("catalog.ProductDescribed", {
  key: "sku",
  versions: { "1.0.0": z.object({ sku: z.string(), title: z.string() }) },
});
