import type { Position } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";

/** A position, and the events of it that somebody wants. */
export interface AskedPosition {
  readonly position: Position;
  /** Their names, at least one. */
  readonly events: readonly string[];
}

/**
 * Where the events of a position are: in the log, all of them at `seq` or before; or `waiting` for the relay. `foreign`
 * is a position of another database, `ahead` one of a transaction that has not begun there yet.
 */
export type LocatedPosition =
  | { readonly state: "logged"; readonly seq: bigint }
  | { readonly state: "waiting" | "foreign" | "ahead" };

interface Row {
  readonly state: LocatedPosition["state"];
  readonly seq: string | null;
}

/**
 * Finds positions in the log of their publisher, in the order in which they are asked for. `database` is the publisher's,
 * as the role of a domain that needs its events.
 */
export async function locatePositions(
  database: Database,
  publisher: string,
  asked: readonly AskedPosition[],
): Promise<readonly LocatedPosition[]> {
  const sql = busNames(homeOf(publisher));
  const wanted = asked.map(({ position: { deployment, xid, last, keys }, events }) => ({
    deployment,
    xid,
    last,
    keys,
    events,
  }));
  const { rows } = await database.query<Row>(`select state, seq from ${sql.locate}($1) order by ask`, [
    JSON.stringify(wanted),
  ]);
  return rows.map(({ state, seq }) => (state === "logged" ? { state, seq: BigInt(seq ?? 0) } : { state }));
}
