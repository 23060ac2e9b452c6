import { handler } from "polder";
import { Catalog } from "./contract.ts";
import { catalog } from "./domain.ts";

interface Product {
  readonly sku: string;
  readonly title: string;
  readonly description: string;
}

export const product = handler(catalog, Catalog.product, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<Product>`
    select sku, title, description
    from product
    where sku = ${input.sku}
  `;
  return found ?? refuse("UnknownProduct", input);
});
