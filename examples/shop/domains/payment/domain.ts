import { aggregate, domain, need } from "polder";
import { payments } from "../../teams.ts";
import { OrderPlaced } from "../order/contract.ts";
import { Payment, PaymentConfirmed, PaymentDeclined } from "./contract.ts";

export const payment = domain("payment", {
  owner: payments,
  capability: "Take the money for orders",
  aggregates: [aggregate("Payment", { root: "payment" })],
  publishes: [Payment, PaymentConfirmed, PaymentDeclined],
  needs: [need(OrderPlaced, "1.0.0")],
});
