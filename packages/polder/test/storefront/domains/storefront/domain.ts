// #region domain
import { domain, need } from "polder";
import { web } from "../../teams.ts";
import { Order } from "../order/contract.ts";
import { Payment } from "../payment/contract.ts";
import { Storefront } from "./contract.ts";

export const storefront = domain("storefront", {
  owner: web,
  capability: "Show customers what they bought",
  publishes: [Storefront],
  needs: [need(Order, "1.0.0"), need(Payment, "1.0.0", { essential: false })],
});
// #endregion domain
