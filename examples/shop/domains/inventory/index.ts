import { implement } from "polder";
import { checkAvailability } from "./check-availability.ts";
import { inventory } from "./domain.ts";
import { pickShippedOrders } from "./pick-shipped-orders.ts";
import { receive } from "./receive-delivery.ts";
import { release } from "./release-reservation.ts";
import { reserve } from "./reserve-stock.ts";

export default implement(inventory, {
  apis: { inventory: { checkAvailability, reserve, release, receive } },
  subscriptions: [pickShippedOrders],
});
