import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";

/** How a subscription stands against the log of one publisher. */
export interface SubscriptionStatus {
  readonly domain: string;
  readonly subscription: string;
  readonly publisher: string;
  /** The lowest checkpoint of its ranges. */
  readonly seq: string;
  /** Positions of the log that are not handled yet: exact, since positions are dense. */
  readonly lag: number;
  readonly parked: number;
  /** Keys that wait, each with all its events that are parked. */
  readonly parkedKeys: number;
  readonly dead: number;
  /** Processes that hold a part of it. */
  readonly owners: number;
}

/** The state of all subscriptions of a domain; `headOf` gives the newest position of a publisher's log. */
export async function subscriptionStatus(
  database: Database,
  domain: string,
  headOf: (publisher: string) => Promise<bigint>,
): Promise<readonly SubscriptionStatus[]> {
  const sql = busNames(homeOf(domain));
  const { rows } = await database.query<Omit<SubscriptionStatus, "lag" | "domain">>(
    `select subscription, publisher, min(seq)::text as seq,
  count(distinct owner) filter (where lease_until > now())::int as owners,
  (select count(*)::int from ${sql.parked} p where p.subscription = c.subscription and p.publisher = c.publisher) as parked,
  (select count(distinct key)::int from ${sql.parked} p where p.subscription = c.subscription and p.publisher = c.publisher) as "parkedKeys",
  (select count(*)::int from ${sql.parked} p where p.subscription = c.subscription and p.publisher = c.publisher and p.state = 'dead') as dead
from ${sql.checkpoint} c
group by subscription, publisher
order by subscription, publisher`,
  );
  const heads = new Map<string, bigint>();
  for (const { publisher } of rows) if (!heads.has(publisher)) heads.set(publisher, await headOf(publisher));
  return rows.map((row) => ({ domain, ...row, lag: Number((heads.get(row.publisher) ?? 0n) - BigInt(row.seq)) }));
}
