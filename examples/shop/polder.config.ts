import { defineConfig } from "polder";

export default defineConfig({
  domains: [
    "./domains/customer",
    "./domains/inventory",
    "./domains/order",
    "./domains/payment",
    "./domains/fulfillment",
    "./domains/accounting",
  ],
  http: { port: 4000 },
});
