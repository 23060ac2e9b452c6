import { aggregate, domain } from "polder";
import { sales } from "../../teams.ts";
import { Order, OrderPlaced } from "./contract.ts";

export const order = domain("order", {
  owner: sales,
  capability: "Take orders",
  aggregates: [aggregate("Order", { root: "placed" })],
  publishes: [Order, OrderPlaced],
});
