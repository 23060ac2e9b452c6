import { aggregate, domain, need } from "polder";
import { finance } from "../../teams.ts";
import { PaymentConfirmed } from "../payment/contract.ts";
import { Accounting } from "./contract.ts";

export const accounting = domain("accounting", {
  owner: finance,
  capability: "Keep the books",
  aggregates: [aggregate("Account", { root: "account" }), aggregate("Entry", { root: "entry" })],
  publishes: [Accounting],
  needs: [need(PaymentConfirmed, "1.0.0")],
});
