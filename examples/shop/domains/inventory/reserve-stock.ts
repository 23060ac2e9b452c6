import { randomUUID } from "node:crypto";
import { handler } from "polder";
import { Inventory, StockReserved } from "./contract.ts";
import { inventory } from "./domain.ts";

export const reserve = handler(inventory, Inventory.reserve, async ({ input, tx, refuse }) => {
  const { orderId, sku, quantity } = input;
  // The condition is checked under the lock of the row that it changes, so stock is never promised twice.
  const { count } = await tx.sql`
    update stock
    set reserved = reserved + ${quantity}
    where sku = ${sku} and on_hand - reserved >= ${quantity}
  `;
  if (count === 0) {
    const [stock] = await tx.sql<{ available: number }>`
      select on_hand - reserved as available
      from stock
      where sku = ${sku}
    `;
    return stock === undefined ? refuse("UnknownSku", { sku }) : refuse("OutOfStock", stock);
  }
  const reservationId = randomUUID();
  await tx.sql`
    insert into reservation (reservation_id, order_id, sku, quantity)
    values (${reservationId}, ${orderId}, ${sku}, ${quantity})
  `;
  tx.publish(StockReserved, { reservationId, orderId, sku, quantity });
  return { reservationId };
});
