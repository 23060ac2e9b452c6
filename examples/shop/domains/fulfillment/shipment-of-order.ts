import { handler } from "polder";
import { Fulfillment } from "./contract.ts";
import { fulfillment } from "./domain.ts";
import { findShipments } from "./find-shipments.ts";

export const shipmentOfOrder = handler(fulfillment, Fulfillment.shipmentOfOrder, async ({ input, tx, refuse }) => {
  const [found] = await findShipments(tx, [input.orderId]);
  return found ?? refuse("UnknownOrder", input);
});
