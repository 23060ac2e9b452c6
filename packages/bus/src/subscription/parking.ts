import { createHash } from "node:crypto";
import { type Database, homeOf, type Statement } from "@polder/postgres";
import type { LoggedEvent } from "../log/event-source.ts";
import { busNames, PARTS } from "../names.ts";
import type { HeldRange, StreamName } from "./checkpoints.ts";

/** The events of one stream that could not be handled yet, and those of the same key behind them. */
export interface Parking {
  /** The keys of a range that have an event here. */
  readonly keys: (range: HeldRange) => Promise<readonly string[]>;
  /** The first event of each key that is due, at most `eventsMax`. */
  readonly due: (range: HeldRange, eventsMax: number) => Promise<readonly ParkedEvent[]>;
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

/** An event that is due to be tried again, or to be dropped. */
export interface ParkedEvent extends LoggedEvent {
  readonly attempts: number;
  /** It was discarded: it is passed over unhandled. */
  readonly dropped: boolean;
}

/** When to try again; or never, when the attempts are used up. */
export type Retry = { readonly inMs: number } | { readonly dead: true };

/** Longest text of an error that is kept. */
const ERROR_LENGTH_MAX = 4_000;

const SQL_COLUMNS =
  "subscription, publisher, seq, part, event_id, key, type, version, data, headers, at, state, attempts, next_at, error";

/** Opens the parking of one stream. */
export function openParking(stream: StreamName, database: Database): Parking {
  const sql = busNames(homeOf(stream.consumer));
  const key = [stream.subscription, stream.publisher];
  return {
    keys: async (range) => {
      const { rows } = await database.query<{ key: string }>(
        `select distinct key from ${sql.parked} where subscription = $1 and publisher = $2 and part between $3 and $4`,
        [...key, range.lo, range.hi],
      );
      return rows.map((row) => row.key);
    },
    due: async (range, eventsMax) => {
      const { rows } = await database.query<DueRow>(dueText(sql.parked), [...key, range.lo, range.hi, eventsMax]);
      return rows.map(toEvent);
    },
    park: (event, error, wait) => ({
      text: `insert into ${sql.parked} (${SQL_COLUMNS})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, now() + make_interval(secs => $13), $14)`,
      values: [...key, ...rowOf(event), ...outcomeOf(wait), error.slice(0, ERROR_LENGTH_MAX)],
    }),
    queue: (events) => ({
      text: `insert into ${sql.parked} (${SQL_COLUMNS})
select $1, $2, seq, part, event_id, key, type, version, data, headers, at, 'waiting', 0, now(), null
from unnest($3::bigint[], $4::smallint[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::json[], $10::json[], $11::timestamptz[])
  as event (seq, part, event_id, key, type, version, data, headers, at)`,
      values: [...key, ...columnsOf(events.map(rowOf))],
    }),
    leave: (event) => ({
      text: `with gone as (
  delete from ${sql.parked} where subscription = $1 and publisher = $2 and seq = $3
)
update ${sql.parked} set state = 'retry', next_at = now()
where state = 'waiting' and subscription = $1 and publisher = $2 and seq = (
  select min(seq) from ${sql.parked} where subscription = $1 and publisher = $2 and key = $4 and seq > $3
)`,
      values: [...key, String(event.seq), event.key],
    }),
    failAgain: (event, error, wait) => ({
      text: `update ${sql.parked} set attempts = attempts + 1, state = $4, next_at = now() + make_interval(secs => $5), error = $6
where subscription = $1 and publisher = $2 and seq = $3`,
      values: [...key, String(event.seq), ...outcomeOf(wait), error.slice(0, ERROR_LENGTH_MAX)],
    }),
    has: async (parkedKey) => {
      const { rows } = await database.query<{ found: boolean }>(
        `select exists (select from ${sql.parked} where subscription = $1 and publisher = $2 and key = $3) as found`,
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

function dueText(sqlParked: string): string {
  return `select seq, event_id, key, type, version, data::text as data, headers::text as headers, at, attempts, state = 'discard' as dropped
from ${sqlParked} p
where subscription = $1 and publisher = $2 and part between $3 and $4 and state in ('retry', 'discard') and next_at <= now()
  -- Only the first of a key: those behind it wait for it.
  and not exists (
    select from ${sqlParked} q
    where q.subscription = p.subscription and q.publisher = p.publisher and q.key = p.key and q.seq < p.seq
  )
order by next_at limit $5`;
}

function rowOf(event: LoggedEvent): readonly unknown[] {
  const { seq, id, key, type, version, data, headers, at } = event;
  return [String(seq), partOf(key), id, key, type, version, data, headers, at];
}

/** Rows turned into one array a column, as `unnest` takes them. */
function columnsOf(rows: readonly (readonly unknown[])[]): readonly unknown[] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}

function outcomeOf(wait: Retry): readonly [state: string, seconds: number] {
  return "dead" in wait ? ["dead", 0] : ["retry", wait.inMs / 1_000];
}

interface DueRow extends Pick<LoggedEvent, "key" | "type" | "version" | "data" | "headers" | "at"> {
  readonly seq: string;
  readonly event_id: string;
  readonly attempts: number;
  readonly dropped: boolean;
}

function toEvent({ seq, event_id: id, ...row }: DueRow): ParkedEvent {
  return { ...row, seq: BigInt(seq), id, relayedAt: row.at };
}
