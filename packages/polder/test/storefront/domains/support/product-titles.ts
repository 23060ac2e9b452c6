// #region replica
import { gone, replica } from "polder";
import { Catalog } from "../catalog/contract.ts";
import { support } from "./domain.ts";

export const productTitles = replica(support, "product-title", {
  key: { sku: "text" },
  columns: { title: "text" },
  fill: { query: Catalog.products, row: ({ sku, title }) => ({ sku, title }) },
  events: {
    "catalog.ProductDescribed": ({ sku, title }) => ({ sku, title }),
    "catalog.ProductWithdrawn": ({ sku }) => gone({ sku }),
  },
  stalenessMaxMs: 60_000,
});
// #endregion replica
