import { handler } from "polder";
import { Inventory } from "./contract.ts";
import { inventory } from "./domain.ts";

/** Tells what is there now, and promises nothing: only a reservation does. */
export const checkAvailability = handler(inventory, Inventory.checkAvailability, async ({ input, tx, refuse }) => {
  const [stock] = await tx.sql<{ sku: string; available: number }>`
    select sku, on_hand - reserved as available
    from stock
    where sku = ${input.sku}
  `;
  return stock ?? refuse("UnknownSku", input);
});
