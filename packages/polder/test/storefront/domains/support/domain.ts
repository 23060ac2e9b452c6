// #region domain
import { domain, need } from "polder";
import { web } from "../../teams.ts";
import { Catalog, ProductDescribed, ProductWithdrawn } from "../catalog/contract.ts";
import { OrderPlaced } from "../order/contract.ts";
import { PaymentReceived } from "../payment/contract.ts";
import { Support } from "./contract.ts";

export const support = domain("support", {
  owner: web,
  capability: "Help customers with their orders",
  publishes: [Support],
  needs: [
    need(OrderPlaced, "1.0.0"),
    need(PaymentReceived, "1.0.0"),
    need(Catalog, "1.0.0", { essential: false }),
    need(ProductDescribed, "1.0.0"),
    need(ProductWithdrawn, "1.0.0"),
  ],
});
// #endregion domain
