import { aggregate, domain } from "polder";
import { merchandising } from "../../teams.ts";
import { Catalog, ProductDescribed } from "./contract.ts";

export const catalog = domain("catalog", {
  owner: merchandising,
  capability: "Say what our goods are",
  aggregates: [aggregate("Product", { root: "product" })],
  publishes: [Catalog, ProductDescribed],
});
