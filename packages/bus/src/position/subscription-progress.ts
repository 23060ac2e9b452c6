import type { Position } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";
import type { StreamName } from "../subscription/checkpoints.ts";
import { partOfFingerprint } from "./key-fingerprint.ts";

/**
 * What a subscription is to have handled: the log up to some positions, as far as these keys and this time are concerned.
 * Parts have positions of their own, because a range moves on at once only where it has handled something.
 */
export interface WantedProgress extends Pick<Position, "keys" | "since"> {
  readonly floor: bigint;
  /** Positions by part, where they are beyond the floor. */
  readonly ofParts: ReadonlyMap<number, bigint>;
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
  readonly lag: string | null;
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
  // One statement, so that checkpoints and parked events are of one moment: an event is parked with its checkpoint.
  const { rows } = await database.query<Row>(
    `select r.lag, p.parked, p.dead
from json_array_elements($3::json) with ordinality as e (one, n)
cross join lateral json_to_record(e.one) as a (
  floor bigint, parts integer[], seqs bigint[], newest bigint, keys text[], parts_of_keys integer[], since timestamptz
)
cross join lateral (
  select max(greatest(a.floor, w.seq) - c.seq) as lag
  from ${sql.checkpoint} c
  cross join lateral (
    select max(u.seq) as seq
    from unnest(a.parts, a.seqs) as u (part, seq)
    where u.part between c.part_lo and c.part_hi
  ) as w
  where c.subscription = $1 and c.publisher = $2
    and (
      a.parts_of_keys is null
      or exists (select from unnest(a.parts_of_keys) as part where part between c.part_lo and c.part_hi)
    )
) as r
cross join lateral (
  select count(*)::integer as parked, count(*) filter (where state = 'dead')::integer as dead
  from ${sql.parked}
  where r.lag <= 0 and subscription = $1 and publisher = $2 and seq <= a.newest
    and (a.parts_of_keys is null or part = any (a.parts_of_keys))
    and (a.keys is null or ${sql.fingerprint} = any (a.keys))
    and (a.since is null or at >= a.since)
) as p
order by e.n`,
    [subscription, publisher, JSON.stringify(wanted.map(toRecord))],
  );
  return rows.map(({ lag, parked, dead }, index) => {
    const behind = lag === null ? newestOf(wanted[index]) : BigInt(lag);
    return { lag: behind > 0n ? behind : 0n, parked, dead };
  });
}

function toRecord(wanted: WantedProgress): object {
  const { floor, ofParts, keys, since } = wanted;
  return {
    floor: String(floor),
    parts: [...ofParts.keys()],
    seqs: [...ofParts.values()].map(String),
    newest: String(newestOf(wanted)),
    keys,
    parts_of_keys: keys && [...new Set(keys.map(partOfFingerprint))],
    since: since === undefined ? undefined : new Date(since).toISOString(),
  };
}

/** The farthest of all the positions. */
function newestOf({ floor, ofParts }: WantedProgress = { floor: 0n, ofParts: new Map() }): bigint {
  return [...ofParts.values()].reduce((newest, seq) => (seq > newest ? seq : newest), floor);
}
