import { implement } from "polder";
import { storefront } from "./domain.ts";
import { keptHistory } from "./kept-history.ts";
import { orderHistory } from "./order-history.ts";
import { searchOrders } from "./search-orders.ts";

export default implement(storefront, {
  apis: { storefront: { orderHistory, searchOrders } },
  readModels: [keptHistory],
});
