import { randomUUID } from "node:crypto";
import { handler } from "polder";
import { Inventory, StockReceived } from "./contract.ts";
import { inventory } from "./domain.ts";

export const receive = handler(inventory, Inventory.receive, async ({ input, tx }) => {
  const { sku, quantity } = input;
  const deliveryId = randomUUID();
  await tx.sql`
    insert into stock (sku, on_hand)
    values (${sku}, ${quantity})
    on conflict (sku) do update
    set on_hand = stock.on_hand + excluded.on_hand
  `;
  await tx.sql`
    insert into delivery (delivery_id, sku, quantity)
    values (${deliveryId}, ${sku}, ${quantity})
  `;
  tx.publish(StockReceived, { deliveryId, sku, quantity });
  return { deliveryId };
});
