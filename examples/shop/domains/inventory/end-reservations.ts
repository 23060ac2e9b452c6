import type { Transaction } from "polder";
import type { inventory } from "./domain.ts";

export interface EndedReservation {
  readonly reservationId: string;
  readonly orderId: string;
  readonly sku: string;
  readonly quantity: number;
}

/**
 * Ends the open ones among some reservations, and gives those. Released stock is available again;
 * picked stock has left the shelf.
 */
export async function endReservations(
  tx: Transaction<typeof inventory>,
  outcome: "released" | "picked",
  reservationIds: readonly string[],
): Promise<readonly EndedReservation[]> {
  // Locks the stock in the order of the skus: of two who need the same rows, one waits and none deadlocks.
  await tx.sql`
    select
    from stock
    where sku in (select sku from reservation where reservation_id = any (${reservationIds}::uuid[]))
    order by sku
    for update
  `;
  const ended = await tx.sql<EndedReservation>`
    update reservation
    set status = ${outcome}, ended_at = now()
    where reservation_id = any (${reservationIds}::uuid[]) and status = 'open'
    returning reservation_id as "reservationId", order_id as "orderId", sku, quantity
  `;
  await tx.sql`
    update stock
    set
      reserved = stock.reserved - gone.quantity,
      on_hand = stock.on_hand - case when ${outcome} = 'picked' then gone.quantity else 0 end
    from (
      select sku, sum(quantity)::int as quantity
      from reservation
      where reservation_id = any (${ended.map(({ reservationId }) => reservationId)}::uuid[])
      group by sku
    ) as gone
    where stock.sku = gone.sku
  `;
  return ended;
}
