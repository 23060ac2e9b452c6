// #region handler
import { handler } from "polder";
import { Catalog } from "./contract.ts";
import { catalog } from "./domain.ts";

const PAGE_ROWS = 500;

export const products = handler(catalog, Catalog.products, async ({ input: { after = "" }, tx }) => {
  const found = await tx.sql<{ sku: string; title: string }>`
    select sku, title
    from product
    where sku > ${after}
    order by sku
    limit ${PAGE_ROWS}
  `;
  return { products: [...found], next: found.length < PAGE_ROWS ? null : (found.at(-1)?.sku ?? null) };
});
// #endregion handler
