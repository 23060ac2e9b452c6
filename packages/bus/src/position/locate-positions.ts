import type { Position } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";
import type { WantedProgress } from "./subscription-progress.ts";

/** A position, and the events of it that somebody wants. */
export interface AskedPosition {
  readonly position: Position;
  /** Their names, at least one. */
  readonly events: readonly string[];
}

/**
 * Where the events of a position are: `logged`, and how far a subscription has to come to have handled them; or `waiting`
 * for the relay. `foreign` is a position of another database, `ahead` one of a transaction that has not begun there yet.
 */
export type LocatedPosition =
  | { readonly state: "logged"; readonly wanted: WantedProgress }
  | { readonly state: "waiting" | "foreign" | "ahead" };

interface Row {
  readonly state: LocatedPosition["state"];
  readonly floor: string | null;
  readonly parts: readonly number[] | null;
  readonly seqs: readonly string[] | null;
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
  const { rows } = await database.query<Row>(`select state, floor, parts, seqs from ${sql.locate}($1) order by ask`, [
    JSON.stringify(wanted),
  ]);
  return rows.map((row, index) => located(row, asked[index]?.position));
}

function located({ state, floor, parts, seqs }: Row, position: Position | undefined): LocatedPosition {
  if (state !== "logged") return { state };
  const { keys, since } = position ?? {};
  return {
    state,
    wanted: {
      floor: BigInt(floor ?? 0),
      ofParts: new Map(parts?.map((part, index) => [part, BigInt(seqs?.[index] ?? 0)])),
      ...(keys === undefined ? {} : { keys }),
      ...(since === undefined ? {} : { since }),
    },
  };
}
