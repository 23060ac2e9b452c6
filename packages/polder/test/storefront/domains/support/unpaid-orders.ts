// #region handler
import { handler } from "polder";
import { Support } from "./contract.ts";
import { support } from "./domain.ts";
import { orderOverview } from "./order-overview.ts";
import { productTitles } from "./product-titles.ts";

interface UnpaidOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly title: string | null;
  readonly total: number;
  readonly paid: number;
}

export const unpaidOrders = handler(
  support,
  Support.unpaidOrders,
  async ({ input, tx }) => {
    const found = await tx.sql<UnpaidOrder>`
      select order_id as "orderId", customer_id as "customerId", title, total, paid
      from order_overview
      left join product_title using (sku)
      -- What Order has not told of yet has no total.
      where paid < total
      order by total - paid desc, order_id
      limit ${input.limit}
    `;
    return { orders: [...found] };
  },
  { reads: [orderOverview, productTitles] },
);
// #endregion handler
