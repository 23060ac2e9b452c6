import { aggregate, domain, need } from "polder";
import { shipping } from "../../teams.ts";
import { CustomerRegistered, CustomerRenamed } from "../customer/contract.ts";
import { OrderPlaced } from "../order/contract.ts";
import { PaymentConfirmed } from "../payment/contract.ts";
import { Fulfillment, OrderShipped } from "./contract.ts";

export const fulfillment = domain("fulfillment", {
  owner: shipping,
  capability: "Bring orders to the customer",
  // The table addressee is in none of them: a copy of what Customer decides, learnt from its events.
  aggregates: [aggregate("Shipment", { root: "shipment", parts: ["shipment_line"] })],
  publishes: [Fulfillment, OrderShipped],
  // Order takes the same events at version 1: each consumer moves when it can.
  needs: [
    need(OrderPlaced, "1.0.0"),
    need(PaymentConfirmed, "1.0.0"),
    need(CustomerRegistered, "2.0.0"),
    need(CustomerRenamed, "2.0.0"),
  ],
});
