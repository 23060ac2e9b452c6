import { aggregate, domain, need } from "polder";
import { warehouse } from "../../teams.ts";
import { OrderShipped } from "../fulfillment/contract.ts";
import { Inventory, StockPicked, StockReceived, StockReleased, StockReserved } from "./contract.ts";

export const inventory = domain("inventory", {
  owner: warehouse,
  capability: "Know and promise stock",
  // What is on hand and what is promised of it change together, or stock would be promised twice.
  aggregates: [aggregate("Stock", { root: "stock", parts: ["reservation", "delivery"] })],
  publishes: [Inventory, StockReserved, StockReleased, StockPicked, StockReceived],
  needs: [need(OrderShipped, "1.0.0")],
});
