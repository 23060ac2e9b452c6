import { aggregate, domain, need } from "polder";
import { checkout } from "../../teams.ts";
import { CustomerRegistered, CustomerRenamed } from "../customer/contract.ts";
import { OrderShipped } from "../fulfillment/contract.ts";
import { Inventory } from "../inventory/contract.ts";
import { Payment, PaymentConfirmed, PaymentDeclined } from "../payment/contract.ts";
import { Recommendation } from "../recommendation/contract.ts";
import { Order, OrderCancelled, OrderPlaced } from "./contract.ts";

export const order = domain("order", {
  owner: checkout,
  capability: "Take orders and know how they stand",
  // The table customer_name is in none of them: a copy of what Customer decides, learnt from its events.
  aggregates: [aggregate("Order", { root: "orders", parts: ["order_line"] }), aggregate("Price", { root: "price" })],
  publishes: [Order, OrderPlaced, OrderCancelled],
  needs: [
    need(Inventory, "1.0.0"),
    need(Payment, "1.0.0"),
    // Orders are taken without suggestions as well.
    need(Recommendation, "1.0.0", { essential: false, fallbacks: { boughtWith: () => ({ products: [] }) } }),
    need(CustomerRegistered, "1.0.0"),
    need(CustomerRenamed, "1.0.0"),
    need(PaymentConfirmed, "1.0.0"),
    need(PaymentDeclined, "1.0.0"),
    need(OrderShipped, "1.0.0"),
  ],
});
