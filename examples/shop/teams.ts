import { type Team, team } from "polder";

export const customerCare: Team = team("Customer Care", {
  contact: "#customer-care",
  codeOwners: ["@shop/customer-care"],
});

export const warehouse: Team = team("Warehouse", {
  contact: "#warehouse",
  codeOwners: ["@shop/warehouse"],
  onCall: "warehouse-on-call@shop.example",
  serviceLevels: { reservations: "99 % answered within 100 ms" },
});

export const checkout: Team = team("Checkout", {
  contact: "#checkout",
  codeOwners: ["@shop/checkout"],
  onCall: "checkout-on-call@shop.example",
  serviceLevels: { orders: "99.9 % of a month able to take orders" },
});

export const payments: Team = team("Payments", {
  contact: "#payments",
  codeOwners: ["@shop/payments"],
  onCall: "payments-on-call@shop.example",
});

export const shipping: Team = team("Shipping", { contact: "#shipping", codeOwners: ["@shop/shipping"] });

export const finance: Team = team("Finance", { contact: "#finance", codeOwners: ["@shop/finance"] });

export const merchandising: Team = team("Merchandising", {
  contact: "#merchandising",
  codeOwners: ["@shop/merchandising"],
});

export const discovery: Team = team("Discovery", { contact: "#discovery", codeOwners: ["@shop/discovery"] });

export const web: Team = team("Web", {
  contact: "#web",
  codeOwners: ["@shop/web"],
  onCall: "web-on-call@shop.example",
});
