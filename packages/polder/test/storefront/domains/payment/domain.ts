import { aggregate, domain } from "polder";
import { sales } from "../../teams.ts";
import { Payment, PaymentReceived } from "./contract.ts";

export const payment = domain("payment", {
  owner: sales,
  capability: "Know what is paid",
  aggregates: [aggregate("Payment", { root: "payment" })],
  publishes: [Payment, PaymentReceived],
});
