import { handler } from "polder";
import { Inventory, StockReleased } from "./contract.ts";
import { inventory } from "./domain.ts";
import { endReservations } from "./end-reservations.ts";

export const release = handler(inventory, Inventory.release, async ({ input, tx, refuse }) => {
  const [released] = await endReservations(tx, "released", [input.reservationId]);
  if (released !== undefined) {
    tx.publish(StockReleased, released);
    return;
  }
  const [picked] = await tx.sql`
    select
    from reservation
    where reservation_id = ${input.reservationId} and status = 'picked'
  `;
  if (picked !== undefined) return refuse("AlreadyPicked", input);
});
