import { handler } from "polder";
import { Accounting } from "./contract.ts";
import { accounting } from "./domain.ts";

export const revenue = handler(accounting, Accounting.revenue, async ({ tx }) => {
  // float8 is exact up to 2^53 cents; PostgreSQL's bigint would come as a text.
  const [total] = await tx.sql<{ revenueCents: number }>`
    select coalesce(-sum(amount_cents), 0)::float8 as "revenueCents"
    from posting
    where account = 'sales'
  `;
  return { revenueCents: total?.revenueCents ?? 0, currency: "EUR" };
});
