import { defineConfig } from "polder";

export default defineConfig({
  domains: [
    "./domains/customer",
    "./domains/inventory",
    "./domains/order",
    "./domains/payment",
    "./domains/fulfillment",
    "./domains/accounting",
    "./domains/catalog",
    "./domains/recommendation",
    "./domains/storefront",
  ],
  // All simulated customers sign in as one, so what one user may do is what they may do together.
  gateway: { port: 4000, rateLimit: { perSecond: 5_000 } },
});
