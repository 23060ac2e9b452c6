import type { Transaction } from "polder";
import { OrderPlaced } from "./contract.ts";
import { currency } from "./currency.ts";
import type { order } from "./domain.ts";

/** An order whose goods are held. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly totalCents: number;
  readonly lines: readonly PlacedLine[];
}

interface PlacedLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitCents: number;
  readonly reservationId: string;
}

/** Writes an order down and tells of it. */
export async function insertOrder(
  tx: Transaction<typeof order>,
  { orderId, customerId, totalCents, lines }: PlacedOrder,
): Promise<void> {
  const [inserted] = await tx.sql<{ placedAt: Date }>`
    insert into orders (order_id, customer_id, total_cents, currency)
    values (${orderId}, ${customerId}, ${totalCents}, ${currency})
    returning placed_at as "placedAt"
  `;
  await tx.sql`
    insert into order_line (order_id, line_number, sku, quantity, unit_cents, reservation_id)
    select ${orderId}::uuid, row_number() over (), sku, quantity, "unitCents", "reservationId"
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
      as line (sku text, quantity int, "unitCents" int, "reservationId" uuid)
  `;
  tx.publish(OrderPlaced, {
    orderId,
    customerId,
    totalCents,
    currency,
    placedAt: inserted?.placedAt.toISOString(),
    lines: lines.map(({ sku, quantity, reservationId }) => ({ sku, quantity, reservationId })),
  });
}
