import { aggregate, domain, need } from "polder";
import { checkout } from "../../teams.ts";
import { Customer, CustomerRegistered, CustomerRenamed } from "../customer/contract.ts";
import { OrderShipped } from "../fulfillment/contract.ts";
import { Inventory } from "../inventory/contract.ts";
import { Payment, PaymentConfirmed, PaymentDeclined } from "../payment/contract.ts";
import { Recommendation } from "../recommendation/contract.ts";
import { Order, OrderCancelled, OrderPlaced } from "./contract.ts";

export const order = domain("order", {
  owner: checkout,
  capability: "Take orders and know how they stand",
  aggregates: [aggregate("Order", { root: "orders", parts: ["order_line"] }), aggregate("Price", { root: "price" })],
  publishes: [Order, OrderPlaced, OrderCancelled],
  needs: [
    // A promise of stock is for Inventory to make: a copy of what is there would be behind, and promise twice.
    need(Inventory, "1.0.0", { consistency: "strong" }),
    need(Payment, "1.0.0"),
    // Orders are taken without suggestions as well.
    need(Recommendation, "1.0.0", { essential: false, fallbacks: { boughtWith: () => ({ products: [] }) } }),
    // From here the names of customers come at first. Orders are taken without them as well.
    need(Customer, "2.1.0", { essential: false }),
    need(CustomerRegistered, "1.0.0"),
    need(CustomerRenamed, "1.0.0"),
    need(PaymentConfirmed, "1.0.0"),
    need(PaymentDeclined, "1.0.0"),
    need(OrderShipped, "1.0.0"),
  ],
});
