import type { Implementation } from "polder";
import accounting from "./accounting/index.ts";
import catalog from "./catalog/index.ts";
import customer from "./customer/index.ts";
import fulfillment from "./fulfillment/index.ts";
import inventory from "./inventory/index.ts";
import order from "./order/index.ts";
import payment from "./payment/index.ts";
import recommendation from "./recommendation/index.ts";
import storefront from "./storefront/index.ts";

/** All domains of the shop, in the order of its configuration. */
export const shop: readonly Implementation[] = [
  customer,
  inventory,
  order,
  payment,
  fulfillment,
  accounting,
  catalog,
  recommendation,
  storefront,
];
