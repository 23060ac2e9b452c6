import { domain, need } from "polder";
import { web } from "../../teams.ts";
import { Customer, CustomerRegistered, CustomerRenamed } from "../customer/contract.ts";
import { Fulfillment, OrderShipped } from "../fulfillment/contract.ts";
import { Order, OrderCancelled, OrderPlaced } from "../order/contract.ts";
import { Payment, PaymentConfirmed, PaymentDeclined } from "../payment/contract.ts";
import { Storefront } from "./contract.ts";

export const storefront = domain("storefront", {
  owner: web,
  capability: "Show customers their orders",
  publishes: [Storefront],
  needs: [
    // Orders are found without any of them.
    need(Customer, "2.1.0", { essential: false }),
    need(Order, "1.0.0", { essential: false }),
    need(Payment, "1.1.0", { essential: false }),
    need(Fulfillment, "1.1.0", { essential: false }),
    need(CustomerRegistered, "2.0.0"),
    need(CustomerRenamed, "2.0.0"),
    need(OrderPlaced, "1.1.0"),
    need(OrderCancelled, "1.0.0"),
    need(PaymentConfirmed, "1.0.0"),
    need(PaymentDeclined, "1.0.0"),
    need(OrderShipped, "1.1.0"),
  ],
});
