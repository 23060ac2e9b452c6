import type { Copied } from "@polder/model";
import type { Database } from "@polder/postgres";
import { buildSchema, readingNames } from "../names.ts";
import { definitionOf } from "./definition.ts";

/** A set of tables of a read model or a replica. */
export interface Build {
  /** Unique within its domain. */
  readonly build: number;
  /** The read model or replica. */
  readonly copy: string;
  readonly kind: Copied["kind"];
  readonly version: number;
  /** See `definitionOf`. */
  readonly definition: string;
  /** The subscription that brings it its events. */
  readonly subscription: string;
  /** `building`: it is filled, and does not serve yet. `former`: it served before. */
  readonly state: "building" | "serving" | "former";
  readonly tables: readonly string[];
  readonly byHand: boolean;
  readonly madeAt: Date;
  readonly switchedAt: Date | null;
  readonly formerAt: Date | null;
  /** When all was there that it begins with: of a replica the owner's rows, of a read model nothing. */
  readonly filledAt: Date | null;
  /** Rows that it was filled with. */
  readonly filled: string;
  /** The logs that had lost their oldest events when it began: with which position each began. */
  readonly lacks: Readonly<Record<string, string>> | null;
}

/** The builds of a domain whose tables are there, the oldest first. */
export async function listBuilds(database: Database, domain: string): Promise<readonly Build[]> {
  const sql = readingNames(domain);
  const { rows } = await database.query<Build>(
    `select build, copy, kind, version, definition, subscription, state, tables, by_hand as "byHand", made_at as "madeAt",
  switched_at as "switchedAt", former_at as "formerAt", filled_at as "filledAt", filled::text as filled, lacks
from ${sql.build}
where state <> 'making'
order by build`,
  );
  return rows;
}

/** How many rows the tables of a build have, as PostgreSQL's statistics estimate it. */
export async function buildRows(database: Database, domain: string, build: number): Promise<number> {
  const { rows } = await database.query<{ rows: number }>(
    "select coalesce(sum(n_live_tup), 0)::int as rows from pg_stat_user_tables where schemaname = $1",
    [buildSchema(domain, build)],
  );
  return rows[0]?.rows ?? 0;
}

/** Writes down which logs had lost their oldest events before a build began. */
export async function noteLacks(
  database: Database,
  { domain, build, lacks }: { readonly domain: string; readonly build: number; readonly lacks: Build["lacks"] },
): Promise<void> {
  const sql = readingNames(domain);
  await database.query(`update ${sql.build} set lacks = $2 where build = $1 and lacks is null`, [
    build,
    JSON.stringify(lacks),
  ]);
}

/** Whether a build is one of a declaration, as it stands now. */
export function isBuildOf(copied: Copied, build: Pick<Build, "copy" | "version" | "definition">): boolean {
  return build.copy === copied.name && build.version === copied.version && build.definition === definitionOf(copied);
}
