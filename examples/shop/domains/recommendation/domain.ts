import { aggregate, domain, need } from "polder";
import { discovery } from "../../teams.ts";
import { ProductDescribed } from "../catalog/contract.ts";
import { OrderPlaced } from "../order/contract.ts";
import { Recommendation } from "./contract.ts";

export const recommendation = domain("recommendation", {
  owner: discovery,
  capability: "Suggest what goes together",
  // The table title is in none of them: a copy of what Catalog decides, learnt from its events.
  aggregates: [aggregate("Pair", { root: "pair" })],
  publishes: [Recommendation],
  needs: [need(OrderPlaced, "1.0.0"), need(ProductDescribed, "1.0.0")],
});
