import { type Database, homeOf } from "@polder/postgres";
import { busNames } from "../names.ts";

/** An event as somebody who runs the system looks at it. */
export interface BrowsedEvent {
  readonly publisher: string;
  readonly seq: string;
  readonly id: string;
  readonly type: string;
  readonly version: string;
  readonly key: string;
  readonly at: Date;
  readonly relayedAt: Date;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>> | null;
}

/** Which events of a log to show. */
export interface BrowseOptions {
  /** Those after this position; without one, the newest. */
  readonly after?: bigint;
  readonly type?: string;
  readonly key?: string;
  /** Default 20, at most 1,000. */
  readonly eventsMax?: number;
}

const SQL_COLUMNS = `l.seq::text, event_id as id, type, version, key, at, relayed_at as "relayedAt", data, headers`;

/** Shows events of a domain's log in the order of their positions. For administrators: domains read through their subscriptions. */
export async function browseEvents(
  admin: Database,
  publisher: string,
  options: BrowseOptions = {},
): Promise<readonly BrowsedEvent[]> {
  const { after, type = null, key = null, eventsMax = 20 } = options;
  const sqlLog = busNames(homeOf(publisher)).log;
  const limit = Math.min(1_000, eventsMax);
  if (after !== undefined) {
    const { rows } = await admin.query<BrowsedEvent>(
      `select $5::text as publisher, ${SQL_COLUMNS} from ${sqlLog} l
where l.seq > $1 and ($2::text is null or type = $2) and ($3::text is null or key = $3)
order by l.seq limit $4`,
      [String(after), type, key, limit, publisher],
    );
    return rows;
  }
  const { rows } = await admin.query<BrowsedEvent>(
    `select $4::text as publisher, ${SQL_COLUMNS} from ${sqlLog} l
where ($1::text is null or type = $1) and ($2::text is null or key = $2)
order by l.seq desc limit $3`,
    [type, key, limit, publisher],
  );
  return rows.reverse();
}

/** The event with an id, looked for in the logs of some domains; `adminOf` gives the database of each. */
export async function findEvent(
  adminOf: (publisher: string) => Database,
  publishers: readonly string[],
  id: string,
): Promise<BrowsedEvent | undefined> {
  for (const publisher of publishers) {
    const sql = busNames(homeOf(publisher));
    const { rows } = await adminOf(publisher).query<BrowsedEvent>(
      `select $2::text as publisher, ${SQL_COLUMNS} from ${sql.log} l where event_id = $1`,
      [id, publisher],
    );
    if (rows[0] !== undefined) return rows[0];
  }
  return undefined;
}

/** The newest position of a domain's log, for administrators. */
export async function logHead(admin: Database, publisher: string): Promise<bigint> {
  const { rows } = await admin.query<{ seq: string }>(
    "select seq from polder.relay where domain = $1 order by step desc limit 1",
    [publisher],
  );
  return BigInt(rows[0]?.seq ?? 0);
}
