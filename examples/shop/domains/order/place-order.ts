import { handler } from "polder";
import { Inventory } from "../inventory/contract.ts";
import { Order, OrderPlaced } from "./contract.ts";
import { currency } from "./currency.ts";
import { order } from "./domain.ts";
import { orderIdOf } from "./order-id.ts";
import { pricesOf } from "./prices.ts";
import { reserveLines } from "./reserve-lines.ts";

/** First what Order knows itself; then what others must promise, by calls; then the order, in one transaction. */
export const place = handler(order, Order.place, async ({ input, read, call, key, refuse, tx }) => {
  const { customerId } = input;
  const prices = await pricesOf(read, input.lines);
  const unpriced = input.lines.find(({ sku }) => !prices.has(sku));
  if (unpriced !== undefined) return refuse("UnknownProduct", { sku: unpriced.sku });

  const orderId = orderIdOf(key);
  const reserved = await reserveLines(call(Inventory), orderId, input.lines);
  if (!reserved.ok) {
    const { refusal, sku } = reserved;
    return refusal === "OutOfStock"
      ? refuse("OutOfStock", { sku, available: reserved.available })
      : refuse("UnknownSku", { sku });
  }

  const lines = reserved.lines.map((line) => ({ ...line, unitCents: prices.get(line.sku) ?? 0 }));
  const totalCents = lines.reduce((total, { quantity, unitCents }) => total + quantity * unitCents, 0);
  await tx.sql`
    insert into orders (order_id, customer_id, total_cents, currency)
    values (${orderId}, ${customerId}, ${totalCents}, ${currency})
  `;
  await tx.sql`
    insert into order_line (order_id, line_number, sku, quantity, unit_cents, reservation_id)
    select ${orderId}::uuid, row_number() over (), sku, quantity, "unitCents", "reservationId"
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
      as line (sku text, quantity int, "unitCents" int, "reservationId" uuid)
  `;
  tx.publish(OrderPlaced, { orderId, customerId, totalCents, currency, lines: reserved.lines });
  return { orderId, totalCents, currency };
});
