import { aggregate, domain } from "polder";
import { sales } from "../../teams.ts";
import { Catalog, ProductDescribed, ProductWithdrawn } from "./contract.ts";

export const catalog = domain("catalog", {
  owner: sales,
  capability: "Say what our goods are",
  aggregates: [aggregate("Product", { root: "product" })],
  publishes: [Catalog, ProductDescribed, ProductWithdrawn],
});
