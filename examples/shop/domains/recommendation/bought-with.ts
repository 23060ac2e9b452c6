import { handler } from "polder";
import { Recommendation } from "./contract.ts";
import { recommendation } from "./domain.ts";

interface Suggested {
  readonly sku: string;
  readonly title: string | null;
  readonly orders: number;
}

export const boughtWith = handler(recommendation, Recommendation.boughtWith, async ({ input, tx }) => {
  const products = await tx.sql<Suggested>`
    select other as sku, title.title, orders
    from pair
    left join title on title.sku = other
    where pair.sku = ${input.sku}
    order by orders desc, other
    limit 5
  `;
  return { products: [...products] };
});
