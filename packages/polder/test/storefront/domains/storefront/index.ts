import { implement } from "polder";
import { storefront } from "./domain.ts";
import { orderHistory } from "./order-history.ts";

export default implement(storefront, { apis: { storefront: { orderHistory } } });
