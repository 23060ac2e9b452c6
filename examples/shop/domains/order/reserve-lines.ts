import type { ClientOf } from "polder";
import type { Inventory } from "../inventory/contract.ts";

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

interface ReservedLine extends Line {
  readonly reservationId: string;
}

type Reservations =
  | { readonly ok: true; readonly lines: ReservedLine[] }
  | { readonly ok: false; readonly refusal: "OutOfStock"; readonly sku: string; readonly available: number }
  | { readonly ok: false; readonly refusal: "UnknownSku"; readonly sku: string };

/**
 * Reserves every line of an order, or none: when Inventory refuses one, the others are given back.
 *
 * Each call has a key that stays the same for the order. Whoever comes here again after a failure
 * half-way gets the first answers, and so finds what is reserved already. That is why nobody asks for
 * the availability first: asked again, it would miss what this very order has reserved.
 */
export async function reserveLines(
  inventory: ClientOf<typeof Inventory>,
  orderId: string,
  lines: readonly Line[],
): Promise<Reservations> {
  const answers = await Promise.all(
    lines.map(async (line, index) => {
      const answer = await inventory.reserve({ orderId, ...line }, { key: `${orderId}:reserve:${index}` });
      return { line, answer };
    }),
  );
  const reserved: ReservedLine[] = [];
  const refused: Reservations[] = [];
  for (const { line, answer } of answers) {
    const { sku } = line;
    if (answer.ok) reserved.push({ ...line, reservationId: answer.value.reservationId });
    else if (answer.refusal === "OutOfStock")
      refused.push({ ...answer.details, ok: false, refusal: "OutOfStock", sku });
    else refused.push({ ok: false, refusal: "UnknownSku", sku });
  }
  const [firstRefused] = refused;
  if (firstRefused === undefined) return { ok: true, lines: reserved };

  await Promise.all(
    reserved.map(({ reservationId }) => inventory.release({ reservationId }, { key: `${reservationId}:release` })),
  );
  return firstRefused;
}
