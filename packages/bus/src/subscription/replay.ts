import { type Database, homeOf } from "@polder/postgres";
import { busErrors } from "../errors.ts";
import type { EventSource } from "../log/event-source.ts";
import { busNames, channelOf } from "../names.ts";
import type { StreamName } from "./checkpoints.ts";

/** Where a replay begins: with the event at a position, or with the first one from a time on. */
export type ReplayFrom = { readonly seq: bigint } | { readonly time: Date };

/**
 * Sets a subscription back (or forward): it gets all events from there on, again. What was under way is refused by
 * its epoch; parked events from there on are dropped, since they come again. Handlers must bear it.
 *
 * @returns the position after which it goes on.
 * @throws `SUBSCRIPTION_UNKNOWN`; `POSITION_UNAVAILABLE` where the log no longer or not yet has the position.
 */
export async function replay(
  stream: StreamName,
  from: ReplayFrom,
  parts: { readonly database: Database; readonly source: EventSource },
): Promise<bigint> {
  const { database, source } = parts;
  const sql = busNames(homeOf(stream.consumer));
  const after = await positionAfter(from, source);
  const transaction = database.begin();
  try {
    const moved = await transaction.query(
      `update ${sql.checkpoint} set seq = $3, epoch = epoch + 1, owner = null, lease_until = '-infinity' where subscription = $1 and publisher = $2`,
      [stream.subscription, stream.publisher, String(after)],
    );
    if ((moved.rowCount ?? 0) === 0) {
      throw unknownSubscription(stream);
    }
    await transaction.query(`delete from ${sql.parked} where subscription = $1 and publisher = $2 and seq > $3`, [
      stream.subscription,
      stream.publisher,
      String(after),
    ]);
    await transaction.commit([{ text: "select pg_notify($1, '')", values: [channelOf(stream.publisher)] }]);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
  await source.report(stream.subscription, after);
  return after;
}

/** What a replay would do; exact at the moment of asking. */
export interface ReplayPlan {
  /** The position after which the subscription would go on. */
  readonly after: bigint;
  /** Where it stands now: the lowest checkpoint of its ranges. */
  readonly reached: bigint;
  /** Events that it has passed and would get again, by their names. */
  readonly again: Readonly<Record<string, number>>;
  /** Events that it has not had yet and would never get, since it would be set forward. */
  readonly skipped: number;
  /** Parked events, dead letters among them, that are dropped because they come again. */
  readonly parked: number;
}

/**
 * Says what {@link replay} would do, and does nothing. `events` are the names of those that the subscription handles.
 *
 * @throws what `replay` throws.
 */
export async function planReplay(
  stream: StreamName & { readonly events: readonly string[] },
  from: ReplayFrom,
  parts: { readonly adminOf: (domain: string) => Database; readonly source: EventSource },
): Promise<ReplayPlan> {
  const { adminOf, source } = parts;
  const after = await positionAfter(from, source);
  const sql = busNames(homeOf(stream.consumer));
  const sqlLog = busNames(homeOf(stream.publisher)).log;
  const { rows: standing } = await adminOf(stream.consumer).query<{
    reached: string | null;
    parked: number;
    ranges: unknown;
  }>(
    `select min(seq)::text as reached, json_agg(json_build_object('part_lo', part_lo, 'part_hi', part_hi, 'seq', seq)) as ranges,
  (select count(*)::int from ${sql.parked} where subscription = $1 and publisher = $2 and seq > $3) as parked
from ${sql.checkpoint} where subscription = $1 and publisher = $2`,
    [stream.subscription, stream.publisher, String(after)],
  );
  const [{ reached, parked, ranges } = { reached: null, parked: 0, ranges: [] }] = standing;
  if (reached === null) throw unknownSubscription(stream);
  // Each range of parts has a checkpoint of its own.
  const { rows } = await adminOf(stream.publisher).query<{ type: string; again: number; skipped: number }>(
    `select l.type, count(*) filter (where l.seq > $3)::int as again, count(*) filter (where l.seq <= $3)::int as skipped
from ${sqlLog} l
join jsonb_to_recordset($1::jsonb) as c (part_lo integer, part_hi integer, seq bigint) on l.part between c.part_lo and c.part_hi
where l.type = any ($2) and ((l.seq > $3 and l.seq <= c.seq) or (l.seq <= $3 and l.seq > c.seq))
group by l.type
order by l.type`,
    [JSON.stringify(ranges), stream.events, String(after)],
  );
  return {
    after,
    reached: BigInt(reached),
    again: Object.fromEntries(rows.filter(({ again }) => again > 0).map(({ type, again }) => [type, again])),
    skipped: rows.reduce((sum, row) => sum + row.skipped, 0),
    parked,
  };
}

/** The position after which a replay goes on; throws `POSITION_UNAVAILABLE`. */
async function positionAfter(from: ReplayFrom, source: EventSource): Promise<bigint> {
  const after = "seq" in from ? from.seq - 1n : await source.positionAt(from.time);
  const { head, oldest } = await source.state();
  if (after >= oldest - 1n && after <= head) return after;
  throw busErrors.POSITION_UNAVAILABLE(
    `The log of "${source.publisher}" has the positions ${oldest} to ${head}; ${after + 1n} is not among them. Replay from one of these.`,
    { publisher: source.publisher, position: String(after + 1n), oldest: String(oldest), head: String(head) },
  );
}

function unknownSubscription({ consumer, subscription, publisher }: StreamName): Error {
  return busErrors.SUBSCRIPTION_UNKNOWN(
    `"${consumer}" has no subscription "${subscription}" on "${publisher}" that has ever run. See "polder subscriptions".`,
    { domain: consumer, subscription },
  );
}
