import { handler } from "polder";
import { Inventory } from "../inventory/contract.ts";
import { Order, OrderCancelled, OrderPlaced } from "./contract.ts";
import { currency } from "./currency.ts";
import { order } from "./domain.ts";
import { orderIdOf } from "./order-id.ts";
import { pricesOf } from "./prices.ts";
import { reserveLines } from "./reserve-lines.ts";

/** First what others must promise, by calls; then the order, in one transaction. */
export const place = handler(order, Order.place, async ({ input, call, key, refuse, tx }) => {
  const { customerId } = input;
  const orderId = orderIdOf(key);
  const reserved = await reserveLines(call(Inventory), orderId, input.lines);
  if (!reserved.ok) {
    const { refusal, sku } = reserved;
    return refusal === "OutOfStock"
      ? refuse("OutOfStock", { sku, available: reserved.available })
      : refuse("UnknownSku", { sku });
  }

  const prices = await pricesOf(tx, input.lines);
  const unpriced = input.lines.find(({ sku }) => !prices.has(sku));
  if (unpriced !== undefined) {
    // A refusal would leave the stock reserved, and with the transaction open nobody can be called
    // any more: the order is written as cancelled, and the event gives the stock back.
    const reason = `nobody knows the price of ${unpriced.sku}`;
    const reservationIds = reserved.lines.map(({ reservationId }) => reservationId);
    await tx.sql`
      insert into orders (order_id, customer_id, total_cents, currency, cancelled_at, cancel_reason)
      values (${orderId}, ${customerId}, 0, ${currency}, now(), ${reason})
    `;
    tx.publish(OrderCancelled, { orderId, customerId, reason, reservationIds });
    return { orderId, status: "cancelled" as const, totalCents: 0, currency };
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
  return { orderId, status: "placed" as const, totalCents, currency };
});
