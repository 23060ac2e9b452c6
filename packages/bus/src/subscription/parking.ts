import { createHash } from "node:crypto";
import { type Database, homeOf, type Statement } from "@polder/postgres";
import type { LoggedEvent } from "../log/event-source.ts";
import { busNames, PARTS } from "../names.ts";
import type { HeldRange, ParkedEvent, StreamName } from "./checkpoints.ts";

/** The events of one stream that could not be handled yet, and those of the same key behind them. */
export interface Parking {
  /** The keys of a range that have an event here. */
  readonly keys: (range: HeldRange) => Promise<readonly string[]>;
  /** The first event of each key that is due, at most `eventsMax`; `dropped` ones are to be removed unhandled. */
  readonly due: (range: HeldRange, eventsMax: number) => Promise<readonly DueEvent[]>;
  /** Puts an event here that has failed for the first time. */
  readonly park: (event: LoggedEvent, error: string, wait: Retry) => Statement;
  /** Puts events here whose key waits for an earlier one. */
  readonly queue: (events: readonly LoggedEvent[]) => Statement;
  /** Takes an event out, and makes the next one of its key due. */
  readonly leave: (event: LoggedEvent) => Statement;
  /** Remembers a further failure. */
  readonly failAgain: (event: LoggedEvent, error: string, wait: Retry) => Statement;
  /** Does a key still have an event here? */
  readonly has: (key: string) => Promise<boolean>;
}

/** An event that is due, and what to do with it. */
export interface DueEvent {
  readonly event: ParkedEvent;
  readonly dropped: boolean;
}

/** When to try again; or never, when the attempts are used up. */
export type Retry = { readonly inMs: number } | { readonly dead: true };

/** Longest text of an error that is kept. */
const ERROR_LENGTH_MAX = 4_000;

/** Opens the parking of one stream. */
export function openParking(stream: StreamName, database: Database): Parking {
  const sqlTable = busNames(homeOf(stream.consumer))["parked"];
  const key = [stream.subscription, stream.publisher];
  const columns = "subscription, publisher, seq, part, event_id, key, type, version, data, headers, at, state, attempts, next_at, error";
  const eventValues = (event: LoggedEvent): readonly unknown[] => [
    ...key,
    String(event.seq),
    partOf(event.key),
    event.id,
    event.key,
    event.type,
    event.version,
    event.data,
    event.headers,
    event.at,
  ];
  const outcome = (wait: Retry): readonly [state: string, seconds: number] => ("dead" in wait ? ["dead", 0] : ["retry", wait.inMs / 1_000]);
  return {
    keys: async (range) => {
      const { rows } = await database.query<{ key: string }>(
        `select distinct key from ${sqlTable} where subscription = $1 and publisher = $2 and part between $3 and $4`,
        [...key, range.lo, range.hi],
      );
      return rows.map((row) => row.key);
    },
    due: async (range, eventsMax) => {
      const { rows } = await database.query<DueRow>(
        `select seq, part, event_id, key, type, version, data::text as data, headers::text as headers, at, attempts, state = 'discard' as dropped
from ${sqlTable} p
where subscription = $1 and publisher = $2 and part between $3 and $4 and state in ('retry', 'discard') and next_at <= now()
  -- Only the first of a key: those behind it wait for it.
  and not exists (select from ${sqlTable} q where q.subscription = p.subscription and q.publisher = p.publisher and q.key = p.key and q.seq < p.seq)
order by next_at limit $5`,
        [...key, range.lo, range.hi, eventsMax],
      );
      return rows.map((row) => ({ event: toEvent(row), dropped: row.dropped }));
    },
    park: (event, error, wait) => {
      const [state, seconds] = outcome(wait);
      return {
        text: `insert into ${sqlTable} (${columns})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, now() + make_interval(secs => $13), $14)`,
        values: [...eventValues(event), state, seconds, error.slice(0, ERROR_LENGTH_MAX)],
      };
    },
    queue: (events) => ({
      text: `insert into ${sqlTable} (${columns})
select $1, $2, seq, part, event_id, key, type, version, data, headers, at, 'waiting', 0, now(), null
from unnest($3::bigint[], $4::smallint[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::json[], $10::json[], $11::timestamptz[])
  as event (seq, part, event_id, key, type, version, data, headers, at)`,
      values: [
        ...key,
        events.map(({ seq }) => String(seq)),
        events.map((event) => partOf(event.key)),
        events.map(({ id }) => id),
        events.map((event) => event.key),
        events.map(({ type }) => type),
        events.map(({ version }) => version),
        events.map(({ data }) => data),
        events.map(({ headers }) => headers),
        events.map(({ at }) => at),
      ],
    }),
    leave: (event) => ({
      text: `with gone as (
  delete from ${sqlTable} where subscription = $1 and publisher = $2 and seq = $3
)
update ${sqlTable} set state = 'retry', next_at = now()
where state = 'waiting' and subscription = $1 and publisher = $2 and seq = (
  select min(seq) from ${sqlTable} where subscription = $1 and publisher = $2 and key = $4 and seq > $3
)`,
      values: [...key, String(event.seq), event.key],
    }),
    failAgain: (event, error, wait) => {
      const [state, seconds] = outcome(wait);
      return {
        text: `update ${sqlTable} set attempts = attempts + 1, state = $4, next_at = now() + make_interval(secs => $5), error = $6
where subscription = $1 and publisher = $2 and seq = $3`,
        values: [...key, String(event.seq), state, seconds, error.slice(0, ERROR_LENGTH_MAX)],
      };
    },
    has: async (parkedKey) => {
      const { rows } = await database.query<{ found: boolean }>(
        `select exists (select from ${sqlTable} where subscription = $1 and publisher = $2 and key = $3) as found`,
        [...key, parkedKey],
      );
      return rows[0]?.found === true;
    },
  };
}

/** The part of a key: the same as the relay computes it. */
export function partOf(key: string): number {
  return (createHash("sha256").update(key, "utf8").digest()[0] ?? 0) & (PARTS - 1);
}

interface DueRow {
  readonly seq: string;
  readonly part: number;
  readonly event_id: string;
  readonly key: string;
  readonly type: string;
  readonly version: string;
  readonly data: string;
  readonly headers: string | null;
  readonly at: Date;
  readonly attempts: number;
  readonly dropped: boolean;
}

function toEvent(row: DueRow): ParkedEvent {
  return {
    seq: BigInt(row.seq),
    part: row.part,
    id: row.event_id,
    key: row.key,
    type: row.type,
    version: row.version,
    data: row.data,
    headers: row.headers,
    at: row.at,
    relayedAt: row.at,
    attempts: row.attempts,
  };
}
