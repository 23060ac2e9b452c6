import type { EventSource } from "@polder/bus";
import type { Copied } from "@polder/model";
import { type Database, sqlState } from "@polder/postgres";
import { readingErrors } from "../errors.ts";
import { readingNames } from "../names.ts";
import type { Build } from "./builds.ts";
import { publishersOf, purposeOf } from "./definition.ts";

/** SQLSTATE of a table that somebody reads at the moment. */
const LOCKED_STATE = "55P03";

/** Which build of which domain, and by whose role. */
export interface BuildPlace {
  readonly domain: string;
  /** The domain's database, as its own role. */
  readonly database: Database;
  readonly build: Pick<Build, "build" | "copy" | "kind">;
}

/**
 * Puts a build in the place of the one that serves, which is former then: for all tables at once, and for all processes.
 * Whoever is reading is waited for a moment. One that has not come as far as the one that serves is left where it is,
 * unless `evenIfBehind` says otherwise: readers would see less than before.
 *
 * @returns whether it serves now.
 * @throws `BUILD_BUSY` when somebody reads all the while: nothing has changed then, and it may be tried again;
 * `BUILD_UNFIT` where there is no such build.
 */
export async function switchBuild(
  { domain, database, build }: BuildPlace,
  { evenIfBehind = false }: { readonly evenIfBehind?: boolean } = {},
): Promise<boolean> {
  const sql = readingNames(domain);
  const { rows } = await unlessBusy({ domain, build }, () =>
    database.query<{ serves: boolean }>(`select ${sql.switch_build}($1, $2) as serves`, [build.build, evenIfBehind]),
  );
  return rows[0]?.serves === true;
}

/** What dropping needs besides. */
export interface DropPlace extends BuildPlace {
  readonly events: readonly string[];
  readonly source: (publisher: string) => EventSource;
}

/**
 * Drops a build that does not serve: its tables, and where its subscription has come. The logs keep nothing for it any
 * more. What a process that has not noticed yet reports of it is forgotten soon.
 *
 * @throws `BUILD_UNFIT` where it serves, `BUILD_BUSY`.
 */
export async function dropBuild({ domain, database, build, events, source }: DropPlace): Promise<void> {
  const sql = readingNames(domain);
  await unlessBusy({ domain, build }, () => database.query(`select ${sql.drop_build}($1)`, [build.build]));
  await forgetOthers({ copied: { kind: build.kind, name: build.copy, events }, domain, database, source });
}

/**
 * Takes a read model or replica out of service that no code declares any more: nothing serves under its names, and its
 * builds may be dropped. Throws `BUILD_BUSY`.
 */
export async function withdrawCopy(
  database: Database,
  { domain, build }: Pick<BuildPlace, "domain" | "build">,
): Promise<void> {
  const sql = readingNames(domain);
  await unlessBusy({ domain, build }, () => database.query(`select ${sql.withdraw}($1)`, [build.copy]));
}

/** What forgetting needs. */
export interface ForgetPlace extends Omit<BuildPlace, "build"> {
  readonly copied: Pick<Copied, "kind" | "name" | "events">;
  readonly source: (publisher: string) => EventSource;
}

/**
 * Forgets the subscriptions of builds that are no more, here and at the publishers, lest their logs keep everything for
 * them: a process that has not noticed yet that a build was dropped may have begun its subscription anew.
 */
export async function forgetOthers({ domain, database, copied, source }: ForgetPlace): Promise<void> {
  const sql = readingNames(domain);
  const { rows } = await database.query<{ subscription: string }>(
    `select subscription from ${sql.build} where copy = $1`,
    [copied.name],
  );
  const kept = rows.map(({ subscription }) => subscription);
  const sqlOthers =
    "starts_with(subscription, $1) and substr(subscription, length($1) + 1) ~ '^[0-9]+$' and subscription <> all ($2)";
  for (const sqlTable of [sql.checkpoint, sql.parked])
    await database.query(`delete from ${sqlTable} where ${sqlOthers}`, [`${purposeOf(copied)}-`, kept]);
  for (const publisher of publishersOf(copied)) await source(publisher).forget(purposeOf(copied), kept);
}

async function unlessBusy<Result>(
  { domain, build }: Pick<BuildPlace, "domain" | "build">,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const details = { domain, name: build.copy, build: build.build };
    if (sqlState(cause) === LOCKED_STATE)
      throw readingErrors.BUILD_BUSY(
        `The tables of "${build.copy}" of "${domain}" are being read by a long query, so build ${build.build} was not touched. Try again when that query has ended.`,
        details,
        { cause },
      );
    if (sqlState(cause) === "PL002")
      throw readingErrors.BUILD_UNFIT(
        `Build ${build.build} of "${build.copy}" of "${domain}": ${cause instanceof Error ? cause.message : ""}. See "polder read-models".`,
        details,
        { cause },
      );
    throw cause;
  }
}
