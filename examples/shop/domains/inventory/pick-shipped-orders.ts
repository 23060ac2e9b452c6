import { batchSubscription } from "polder";
import { StockPicked } from "./contract.ts";
import { inventory } from "./domain.ts";
import { endReservations } from "./end-reservations.ts";

/** Many orders take the same few goods, so a batch of them is taken at once. */
export const pickShippedOrders = batchSubscription(
  inventory,
  "pick-shipped-orders",
  ["fulfillment.OrderShipped"],
  async ({ events, tx }) => {
    const reservationIds = events.flatMap(({ data }) => data.lines.map((line) => line.reservationId));
    const picked = await endReservations(tx, "picked", reservationIds);
    for (const reservation of picked) tx.publish(StockPicked, reservation);

    const [released] = await tx.sql<{ reservationId: string }>`
      select reservation_id as "reservationId"
      from reservation
      where reservation_id = any (${reservationIds}::uuid[]) and status = 'released'
      limit 1
    `;
    // Goods have left that nobody held for them: a person has to look, so the event must not just pass.
    if (released !== undefined) throw new Error(`reservation ${released.reservationId} was shipped after its release`);
  },
);
