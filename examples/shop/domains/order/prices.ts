import type { Reader } from "polder";

/** What goods cost in cents, by sku; those without a price are missing. */
export async function pricesOf(
  reader: Reader,
  goods: readonly { readonly sku: string }[],
): Promise<ReadonlyMap<string, number>> {
  const prices = await reader.sql<{ sku: string; unitCents: number }>`
    select sku, unit_cents as "unitCents"
    from price
    where sku = any (${goods.map(({ sku }) => sku)}::text[])
  `;
  return new Map(prices.map(({ sku, unitCents }) => [sku, unitCents]));
}
