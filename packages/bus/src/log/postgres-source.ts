import { type Database, homeOf } from "@polder/postgres";
import { busNames, PAGE_BYTES_MAX } from "../names.ts";
import type { EventSource, GrowthSignal, LoggedEvent, Page } from "./event-source.ts";

interface Row {
  readonly head: string;
  /** Up to where the log was looked at. */
  readonly reaches: string;
  /** Of the payloads up to here. */
  readonly bytes: string;
  readonly seq: string | null;
  readonly event_id: string;
  readonly key: string;
  readonly type: string;
  readonly version: string;
  readonly data: string;
  readonly headers: string | null;
  /** Seconds since 1970: numbers take much less time to read than dates. */
  readonly at: number | null;
  readonly relayed_at: number | null;
}

/** The largest position there can be. */
const SEQ_MAX = 9_223_372_036_854_775_807n;

/** What {@link postgresSource} needs. */
export interface PostgresSourceOptions {
  readonly publisher: string;
  /** The publisher's database, as the consumer's role: PostgreSQL itself checks what that role may read. */
  readonly database: Database;
  readonly growth: GrowthSignal;
}

/** The log of a domain in PostgreSQL. The database stays the caller's to close. */
export function postgresSource({ publisher, database, growth }: PostgresSourceOptions): EventSource {
  const sql = busNames(homeOf(publisher));
  const readText = `select head, reaches, bytes, seq, event_id, key, type, version, data, headers,
  date_part('epoch', at) as at, date_part('epoch', relayed_at) as relayed_at
from ${sql.read}($1, $2, $3, $4, $5, $6)`;
  return {
    publisher,
    read: async ({ after, upTo = SEQ_MAX, parts, events, eventsMax }) => {
      const { rows } = await database.query<Row>(readText, [
        String(after),
        String(upTo),
        parts.lo,
        parts.hi,
        events,
        eventsMax,
      ]);
      return toPage(rows, eventsMax);
    },
    state: async () => {
      const { rows } = await database.query<{ head: string; oldest: string }>(
        `select head, oldest from ${sql.log_state}()`,
      );
      return { head: BigInt(rows[0]?.head ?? 0), oldest: BigInt(rows[0]?.oldest ?? 1) };
    },
    pending: async ({ after, events }) => {
      const { rows } = await database.query<{ head: string; oldest: string; waiting_ms: number | null }>(
        `select head, oldest, waiting_ms from ${sql.pending}($1, $2)`,
        [String(after), events],
      );
      const [{ head, oldest, waiting_ms: waitingMs } = { head: 0, oldest: 1, waiting_ms: null }] = rows;
      return { head: BigInt(head), oldest: BigInt(oldest), ...(waitingMs === null ? {} : { waitingMs }) };
    },
    positionAt: async (time) => {
      const { rows } = await database.query<{ seq: string }>(`select ${sql.seq_at}($1) as seq`, [time]);
      return BigInt(rows[0]?.seq ?? 0);
    },
    report: async (subscription, seq) => {
      await database.query("select polder.report($1, $2, $3)", [publisher, subscription, String(seq)]);
    },
    forget: async (purpose, kept) => {
      await database.query("select polder.forget($1, $2, $3)", [publisher, purpose, kept]);
    },
    onGrowth: (listener) => growth.onGrowth(publisher, listener),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function toPage(rows: readonly Row[], eventsMax: number): Page {
  const [first] = rows;
  const last = rows.at(-1);
  const events: LoggedEvent[] = [];
  for (const row of rows) {
    if (row.seq === null) continue;
    events.push({
      seq: BigInt(row.seq),
      id: row.event_id,
      key: row.key,
      type: row.type,
      version: row.version,
      data: row.data,
      headers: row.headers,
      at: dateOf(row.at),
      relayedAt: dateOf(row.relayed_at),
    });
  }
  const isFull = events.length === eventsMax || Number(last?.bytes ?? 0) >= PAGE_BYTES_MAX;
  return { events, scanned: BigInt((isFull ? last?.seq : first?.reaches) ?? 0), head: BigInt(first?.head ?? 0) };
}

/** PostgreSQL counts microseconds: half of one keeps a number that is not exact from the millisecond before. */
function dateOf(seconds: number | null): Date {
  return new Date(Math.floor(Number(seconds) * 1_000 + 0.0005));
}
