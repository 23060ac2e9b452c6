import type { Reader } from "@polder/model";

/** That somebody has used a contract. */
export interface ContractUse {
  /** An API such as `order`, an event such as `order.OrderPlaced`, or {@link RUNNING}. */
  readonly contract: string;
  /** As it was declared, such as `1.1.0`; only the major of one that was not. */
  readonly version: string;
  /** The domain that called or subscribed, `gateway` for users outside, `unknown` where nobody was asked. */
  readonly consumer: string;
  /** Such as `production`. */
  readonly environment: string;
  /** Calls, or events that were handled. 0 says that the consumer was there. */
  readonly calls: number;
  readonly seenAt: Date;
}

/** The contract that a domain uses which only runs: so it is known that uses would have been written down. */
export const RUNNING = "";

/** Who uses a contract. */
export interface ContractUser {
  readonly consumer: string;
  readonly version: string;
  readonly environment: string;
  readonly seenAt: Date;
  /** In the time that was asked for. */
  readonly calls: number;
  /** Days (UTC) on which it was seen, as `2030-01-31`, with the calls of each. */
  readonly days: readonly { readonly day: string; readonly calls: number }[];
}

/** Adds uses to those that are known, in one statement. As a domain's own role, or the administrator. */
export async function recordUse(database: Pick<Reader, "query">, uses: readonly ContractUse[]): Promise<void> {
  if (uses.length === 0) return;
  await database.query("select polder.record_contract_use($1)", [JSON.stringify(uses.map(toRow))]);
}

/**
 * Who has used a major version of a contract since a time, in the database in which whoever recorded it lives: calls of
 * an API in that of its domain, events in that of the consumer. The one that was seen last comes first.
 */
export async function usersOf(
  database: Pick<Reader, "query">,
  { contract, major, since }: { readonly contract: string; readonly major: number; readonly since: Date },
): Promise<readonly ContractUser[]> {
  const { rows } = await database.query<ContractUser & { readonly calls: string }>(
    `select consumer, version, environment, max(seen_at) as "seenAt", sum(calls) as calls,
  json_agg(json_build_object('day', day, 'calls', calls) order by day) as days
from polder.contract_use
where contract = $1 and split_part(version, '.', 1) = $2::int::text and seen_at >= $3
group by consumer, version, environment
order by max(seen_at) desc, consumer, version, environment`,
    [contract, major, since],
  );
  return rows.map((row) => ({ ...row, calls: Number(row.calls) }));
}

/** From when to when uses have been written down in a database, as far as they are kept. */
export interface RecordedTime {
  /**
   * Since when in every environment: from the last of them that began. Not before the end of the first day's uses: what
   * is known by day is not said to be known earlier.
   */
  readonly from: Date;
  /** When something was written down last, in any of them. */
  readonly until: Date;
}

/** Since when uses are written down in a database, in one environment or in all; nothing where none ever was. */
export async function recordedTime(
  database: Pick<Reader, "query">,
  { environment = null }: { readonly environment?: string | null } = {},
): Promise<RecordedTime | undefined> {
  const { rows } = await database.query<{ readonly from: Date | null; readonly until: Date | null }>(
    `select max(first) as "from", max(last) as until
from (
  select min(seen_at) as first, max(seen_at) as last
  from polder.contract_use
  where $1::text is null or environment = $1
  group by environment
) e`,
    [environment],
  );
  const { from = null, until = null } = rows[0] ?? {};
  return from === null || until === null ? undefined : { from, until };
}

/** Forgets uses that are older than they are to be kept, by the `usesDays` of provisioning; gives how many rows went. */
export async function forgetOldUses(database: Pick<Reader, "query">): Promise<number> {
  const { rows } = await database.query<{ readonly count: number }>("select polder.forget_contract_use() as count");
  return rows[0]?.count ?? 0;
}

function toRow({ seenAt, ...use }: ContractUse): object {
  return { ...use, seen_at: seenAt.toISOString() };
}
