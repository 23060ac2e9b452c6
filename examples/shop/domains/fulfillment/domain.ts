import { aggregate, domain, need } from "polder";
import { shipping } from "../../teams.ts";
import { OrderPlaced } from "../order/contract.ts";
import { PaymentConfirmed } from "../payment/contract.ts";
import { Fulfillment, OrderShipped } from "./contract.ts";

export const fulfillment = domain("fulfillment", {
  owner: shipping,
  capability: "Bring orders to the customer",
  aggregates: [aggregate("Shipment", { root: "shipment", parts: ["shipment_line"] })],
  publishes: [Fulfillment, OrderShipped],
  needs: [need(OrderPlaced, "1.0.0"), need(PaymentConfirmed, "1.0.0")],
});
