// #region implementation
import { implement } from "polder";
import { support } from "./domain.ts";
import { orderOverview } from "./order-overview.ts";
import { productTitles } from "./product-titles.ts";
import { unpaidOrders } from "./unpaid-orders.ts";

export default implement(support, {
  apis: { support: { unpaidOrders } },
  readModels: [orderOverview],
  replicas: [productTitles],
});
// #endregion implementation
