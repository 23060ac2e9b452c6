import type { Position } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";
import type { StreamName } from "../subscription/checkpoints.ts";
import { partOfFingerprint } from "./key-fingerprint.ts";

/** What a subscription is to have handled: the log up to `seq`, as far as these keys and this time are concerned. */
export interface WantedProgress extends Pick<Position, "keys" | "since"> {
  readonly seq: bigint;
}

/** How far a subscription has come with it. */
export interface Progress {
  /** Positions of the log that are still to be looked at. */
  readonly lag: bigint;
  /** Events that it could not handle yet; they are looked for when there is no lag. */
  readonly parked: number;
  /** Those of them that it gave up. */
  readonly dead: number;
}

interface Row {
  readonly reached: string | null;
  readonly parked: number;
  readonly dead: number;
}

/** Says of each how far the subscription has come. `database` is the consumer's, as its own role. */
export async function subscriptionProgress(
  database: Database,
  { consumer, subscription, publisher }: StreamName,
  wanted: readonly WantedProgress[],
): Promise<readonly Progress[]> {
  const sql = busNames(homeOf(consumer));
  const asked = wanted.map(({ seq, keys, since }) => ({
    seq: String(seq),
    keys,
    parts: keys && [...new Set(keys.map(partOfFingerprint))],
    since: since === undefined ? undefined : new Date(since).toISOString(),
  }));
  // One statement, so that checkpoints and parked events are of one moment: an event is parked with its checkpoint.
  const { rows } = await database.query<Row>(
    `select r.reached, p.parked, p.dead
from json_array_elements($3::json) with ordinality as e (one, n)
cross join lateral json_to_record(e.one) as a (seq bigint, keys text[], parts integer[], since timestamptz)
cross join lateral (
  select min(c.seq) as reached
  from ${sql.checkpoint} c
  where c.subscription = $1 and c.publisher = $2
    and (a.parts is null or exists (select from unnest(a.parts) as part where part between c.part_lo and c.part_hi))
) as r
cross join lateral (
  select count(*)::integer as parked, count(*) filter (where state = 'dead')::integer as dead
  from ${sql.parked}
  where r.reached >= a.seq and subscription = $1 and publisher = $2 and seq <= a.seq
    and (a.parts is null or part = any (a.parts))
    and (a.keys is null or ${sql.fingerprint} = any (a.keys))
    and (a.since is null or at >= a.since)
) as p
order by e.n`,
    [subscription, publisher, JSON.stringify(asked)],
  );
  return rows.map(({ reached, parked, dead }, index) => {
    const behind = (wanted[index]?.seq ?? 0n) - BigInt(reached ?? 0);
    return { lag: behind > 0n ? behind : 0n, parked, dead };
  });
}
