import { handler } from "polder";
import { Fulfillment } from "./contract.ts";
import { fulfillment } from "./domain.ts";
import { findShipments } from "./find-shipments.ts";

export const shipmentsOfOrders = handler(fulfillment, Fulfillment.shipmentsOfOrders, async ({ input, tx }) => ({
  shipments: await findShipments(tx, input.orderId),
}));
