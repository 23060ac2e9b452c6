import { batchSubscription } from "polder";
import { StockReleased } from "./contract.ts";
import { inventory } from "./domain.ts";
import { endReservations } from "./end-reservations.ts";

/** Many orders hold the same few goods, so a batch of them is taken at once. */
export const releaseCancelledOrders = batchSubscription(
  inventory,
  "release-cancelled-orders",
  ["order.OrderCancelled"],
  async ({ events, tx }) => {
    const reservationIds = events.flatMap(({ data }) => data.reservationIds);
    const released = await endReservations(tx, "released", reservationIds);
    for (const reservation of released) tx.publish(StockReleased, reservation);
  },
);
