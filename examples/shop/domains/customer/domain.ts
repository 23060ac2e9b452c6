import { aggregate, domain } from "polder";
import { customerCare } from "../../teams.ts";
import { Customer, CustomerRegistered, CustomerRenamed } from "./contract.ts";

export const customer = domain("customer", {
  owner: customerCare,
  capability: "Know who our customers are",
  aggregates: [aggregate("Customer", { root: "customer" })],
  publishes: [Customer, CustomerRegistered, CustomerRenamed],
});
