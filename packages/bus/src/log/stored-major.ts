import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";

/** An event at one of its majors. */
export interface EventMajor {
  readonly event: string;
  readonly major: number;
}

/** What a publisher still holds of an event as a major version of it was written. */
export interface StoredMajor {
  /** Events in the log. */
  readonly logged: number;
  /** The position of the last of them, and when it happened. */
  readonly lastSeq: string | null;
  readonly lastAt: Date | null;
  /** Events that are published and not in the log yet. */
  readonly unrelayed: number;
}

/** What lies in a domain's outbox and log at a major version of an event. It reads the whole log. For administrators. */
export async function storedMajor(
  admin: Database,
  publisher: string,
  { event, major }: EventMajor,
): Promise<StoredMajor> {
  const sql = busNames(homeOf(publisher));
  const { rows } = await admin.query<StoredMajor>(
    `select count(*)::int as logged, max(seq)::text as "lastSeq", max(at) as "lastAt",
  (select count(*)::int
   from (select lo from polder.relay where domain = $3 order by step desc limit 1) r, ${sql.outbox} o
   where (o.xid >= pg_snapshot_xmax(r.lo) or o.xid = any (array(select pg_snapshot_xip(r.lo))))
     and o.type = $1 and split_part(o.version, '.', 1) = $2::int::text) as unrelayed
from ${sql.log}
where type = $1 and split_part(version, '.', 1) = $2::int::text`,
    [event, major, publisher],
  );
  return rows[0] ?? { logged: 0, lastSeq: null, lastAt: null, unrelayed: 0 };
}

/** How many events at a major version each subscription of a domain has put aside: to try them again, or given up. */
export async function parkedMajor(
  admin: Database,
  consumer: string,
  { event, major }: EventMajor,
): Promise<readonly { readonly subscription: string; readonly events: number }[]> {
  const sql = busNames(homeOf(consumer));
  const { rows } = await admin.query<{ subscription: string; events: number }>(
    `select subscription, count(*)::int as events
from ${sql.parked}
where type = $1 and split_part(version, '.', 1) = $2::int::text and state <> 'discard'
group by subscription
order by subscription`,
    [event, major],
  );
  return rows;
}
