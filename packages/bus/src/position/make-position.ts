import { POSITION_KEYS_MAX, type Position } from "@polder/model";
import type { Database, OutboxEvent } from "@polder/postgres";
import { keyFingerprint } from "./key-fingerprint.ts";

/** Which domain publishes, and in which database; see {@link deploymentOf}. */
export type Publisher = Pick<Position, "publisher" | "deployment">;

/** A position whose transaction has not ended yet, so that nobody knows its id. */
export type PositionToCome = Omit<Position, "xid">;

/** What names the database of a domain in positions: 16 hexadecimal digits, others in a copy or in another cluster. */
export async function deploymentOf(database: Database): Promise<string> {
  const { rows } = await database.query<{ deployment: string }>("select polder.deployment() as deployment");
  return rows[0]?.deployment ?? "";
}

/** The position of the events of one transaction, in the order in which they were published; at least one. */
export function positionOf(
  publisher: Publisher,
  events: readonly Pick<OutboxEvent, "id" | "key" | "type">[],
): PositionToCome {
  const keys = [...new Set(events.map(({ key }) => keyFingerprint(key)))];
  const last = events.at(-1);
  return {
    ...publisher,
    events: [...new Set(events.map(({ type }) => type))],
    ...(last === undefined ? {} : { last: last.id }),
    ...(keys.length > POSITION_KEYS_MAX ? {} : { keys }),
  };
}

/**
 * The position of everything that a domain has published up to now, and after `since`, in milliseconds since the epoch by
 * the clock of its database: for what nobody has noted down.
 */
export async function positionOfNow(database: Database, publisher: Publisher, since: Date): Promise<Position> {
  // Whatever sees this transaction sees all that have committed before it.
  const { rows } = await database.query<{ xid: string }>("select pg_current_xact_id() as xid");
  return { ...publisher, xid: rows[0]?.xid ?? "", since: since.getTime() };
}
