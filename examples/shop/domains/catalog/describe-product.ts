import { handler } from "polder";
import { Catalog, ProductDescribed } from "./contract.ts";
import { catalog } from "./domain.ts";

export const describe = handler(catalog, Catalog.describe, async ({ input, tx }) => {
  const { sku, title, description } = input;
  await tx.sql`
    insert into product (sku, title, description)
    values (${sku}, ${title}, ${description})
    on conflict (sku) do update
    set title = excluded.title, description = excluded.description
  `;
  tx.publish(ProductDescribed, { sku, title });
});
