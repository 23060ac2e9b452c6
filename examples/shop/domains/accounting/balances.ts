import { handler } from "polder";
import { Accounting } from "./contract.ts";
import { accounting } from "./domain.ts";

export const balances = handler(accounting, Accounting.balances, async ({ tx }) => {
  // float8 is exact up to 2^53 cents; PostgreSQL's bigint would come as a text.
  const accounts = await tx.sql<{ account: string; balanceCents: number }>`
    select account, coalesce(sum(amount_cents), 0)::float8 as "balanceCents"
    from account
    left join posting using (account)
    group by account
    order by account
  `;
  return { currency: "EUR", accounts: [...accounts] };
});
