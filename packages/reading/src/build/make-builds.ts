import type { Copied } from "@polder/model";
import {
  type Database,
  type DomainHome,
  identifier,
  lockMigrations,
  type MigrationLockOptions,
  POLDER_ROLE,
  postgresErrors,
  runAsOwner,
} from "@polder/postgres";
import { noCrash, type ReadingCrashPoint } from "../crash-point.ts";
import { readingErrors } from "../errors.ts";
import { buildSchema, readingNames } from "../names.ts";
import { type Build, isBuildOf } from "./builds.ts";
import { definitionOf, tablesOf } from "./definition.ts";

/** What {@link makeBuilds} needs. */
export interface MakeBuildsOptions extends MigrationLockOptions {
  /** The database, as the administrator who has provisioned it. */
  readonly admin: Database;
  readonly home: DomainHome;
  /** The read models and replicas of the domain. */
  readonly copies: readonly Copied[];
  /** Only say what would be made. Default false. */
  readonly dryRun?: boolean;
}

/** A build that was made, or would be. */
export interface MadeBuild {
  readonly copy: string;
  readonly version: number;
  /** Missing where it only would be made. */
  readonly build?: number;
}

/** How one build is made. */
export interface MakeBuildOptions {
  /** It serves only when somebody says so. Default false. */
  readonly byHand?: boolean;
  readonly crashPoint?: ReadingCrashPoint;
}

type Known = Pick<Build, "copy" | "version" | "definition"> & { readonly state: string; readonly build: number };
type Session = Awaited<ReturnType<Database["connect"]>>;

/**
 * Makes the tables of the read models and replicas that have none yet as they are declared now. The first of its kind
 * serves at once, and shows by its lag what it lacks; another is built beside the one that serves.
 *
 * @throws `READ_MODEL_CHANGED`, `READ_MODEL_TABLES_INVALID`, `MIGRATION_LOCKED`; what was made before stays.
 */
export async function makeBuilds(options: MakeBuildsOptions): Promise<readonly MadeBuild[]> {
  const { home, copies, dryRun = false } = options;
  if (copies.length === 0) return [];
  return await inSession(options, async (session) => {
    const known = await readKnown(session, home);
    for (const copied of copies) refuseChanged(home, copied, known);
    // One that is former is about to go: its version would be built anew.
    const wanted = copies.filter((copied) => !known.some((one) => one.state !== "former" && isBuildOf(copied, one)));
    const made: MadeBuild[] = [];
    for (const copied of wanted) {
      const { name: copy, version } = copied;
      made.push({ copy, version, ...(dryRun ? {} : { build: await make(session, copied, { ...options, known }) }) });
    }
    return made;
  });
}

/** Makes one more build of a read model or a replica, as it is declared now. Gives its number. Throws as {@link makeBuilds}. */
export async function makeBuild(
  copied: Copied,
  options: Omit<MakeBuildsOptions, "copies" | "dryRun"> & MakeBuildOptions,
): Promise<number> {
  return await inSession(options, async (session) => {
    const known = await readKnown(session, options.home);
    refuseChanged(options.home, copied, known);
    return await make(session, copied, { ...options, known });
  });
}

async function inSession<Result>(
  options: Omit<MakeBuildsOptions, "copies" | "dryRun">,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await options.admin.connect();
  try {
    // A function that somebody has put in `public` must not be taken for PostgreSQL's own.
    await session.query("set search_path = pg_catalog");
    await refuseUnprovisioned(session, options.home);
    await lockMigrations(session, options);
    await removeUnfinished(session, options.home);
    return await work(session);
  } finally {
    await session.end();
  }
}

async function refuseUnprovisioned(session: Session, { domain, schema }: DomainHome): Promise<void> {
  const found = await session.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = '_build' and pg_get_userbyid(c.relowner) = $2`,
    [schema, POLDER_ROLE],
  );
  if (found.rowCount === 1) return;
  const table = `${schema}._build`;
  throw postgresErrors.NOT_PROVISIONED(
    `The domain "${domain}" has no place for read models in this database yet (${table} is missing, or not Polder's). Run "polder provision" first.`,
    { domain, missing: [table] },
  );
}

/** As the role that owns what Polder keeps: an administrator need not have its rights, but may act as it. */
async function asPolder<Row extends object>(
  session: Session,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  await session.query(`set role ${identifier(POLDER_ROLE)}`);
  try {
    return (await session.query<Row>(text, [...values])).rows;
  } finally {
    await session.query("reset role");
  }
}

/** What a process that was killed has left behind. */
async function removeUnfinished(session: Session, { domain }: DomainHome): Promise<void> {
  const sql = readingNames(domain);
  const rows = await asPolder<{ build: number }>(session, `select build from ${sql.build} where state = 'making'`);
  for (const { build } of rows) await remove(session, domain, build);
}

async function remove(session: Session, domain: string, build: number): Promise<void> {
  const sql = readingNames(domain);
  await asPolder(session, `drop schema if exists ${identifier(buildSchema(domain, build))} cascade`);
  await asPolder(session, `delete from ${sql.build} where build = $1`, [build]);
}

async function readKnown(session: Session, { domain }: DomainHome): Promise<readonly Known[]> {
  const sql = readingNames(domain);
  return await asPolder<Known>(session, `select build, copy, version, definition, state from ${sql.build}`);
}

/** Of one version of a read model two builds must be alike. */
function refuseChanged({ domain }: DomainHome, copied: Copied, known: readonly Known[]): void {
  const { name, version } = copied;
  const other = known.find((one) => one.copy === name && one.version === version && !isBuildOf(copied, one));
  if (copied.kind !== "read model" || other === undefined) return;
  throw readingErrors.READ_MODEL_CHANGED(
    `The tables of the read model "${name}" of "${domain}" were changed, but its version is still ${version}, of which there is a build with other tables. Raise the version to ${version + 1}: it is then built beside the one that serves.`,
    { domain, name, version },
  );
}

async function make(
  session: Session,
  copied: Copied,
  { admin, home, known, byHand = false, crashPoint = noCrash }: MakeBuildsOptionsOfOne,
): Promise<number> {
  const { domain } = home;
  const sql = readingNames(domain);
  const rows = await asPolder<{ build: number }>(
    session,
    `insert into ${sql.build} (copy, kind, version, definition, by_hand, filled_at)
values ($1, $2, $3, $4, $5, case when $2 = 'read model' then now() end)
returning build`,
    [copied.name, copied.kind, copied.version, definitionOf(copied), byHand],
  );
  const build = rows[0]?.build ?? 0;
  const schema = buildSchema(domain, build);
  try {
    await crashPoint("build:made");
    await openSchema(session, home, schema);
    await runAsOwner({ admin, session, home, schema, sql: tablesOf(copied) });
    await crashPoint("build:tables-made");
    const tables = await tablesIn(session, schema);
    await refuseTaken(session, { home, copied, tables });
    await asPolder(session, `update ${sql.build} set state = 'building', tables = $2 where build = $1`, [
      build,
      tables,
    ]);
  } catch (error) {
    await remove(session, domain, build);
    throw tablesInvalid(domain, copied, error);
  }
  const isFirst = !known.some((one) => one.copy === copied.name && one.state === "serving");
  if (isFirst) await asPolder(session, `select ${sql.switch_build}($1, true)`, [build]);
  return build;
}

type MakeBuildsOptionsOfOne = Omit<MakeBuildsOptions, "copies" | "dryRun"> &
  MakeBuildOptions & { readonly known: readonly Known[] };

/** The schema belongs to Polder, which drops it one day; the domain's owner makes the tables, its processes fill them. */
async function openSchema(session: Session, { owner, app }: DomainHome, schema: string): Promise<void> {
  const [sqlSchema, sqlOwner, sqlApp, sqlPolder] = [schema, owner, app, POLDER_ROLE].map((name) => identifier(name));
  await session.query(`create schema ${sqlSchema} authorization ${sqlPolder};
set role ${sqlPolder};
grant usage, create on schema ${sqlSchema} to ${sqlOwner};
grant usage on schema ${sqlSchema} to ${sqlApp};
set role ${sqlOwner};
alter default privileges in schema ${sqlSchema} grant select, insert, update, delete on tables to ${sqlApp};
alter default privileges in schema ${sqlSchema} grant usage, select on sequences to ${sqlApp};
alter default privileges in schema ${sqlSchema} grant select on tables to ${sqlPolder};
reset role`);
}

async function tablesIn(session: Session, schema: string): Promise<readonly string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select c.relname::text as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm')
  -- A partition is read through its table.
  and not c.relispartition
order by 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

interface Taking {
  readonly home: DomainHome;
  readonly copied: Copied;
  readonly tables: readonly string[];
}

/** In the domain's schema a view of the same name leads to the table: the name must be free, or that of such a view already. */
async function refuseTaken(session: Session, { home, copied, tables }: Taking): Promise<void> {
  if (tables.length === 0) throw new Error("the SQL makes no table");
  const sql = readingNames(home.domain);
  const rows = await asPolder<{ name: string }>(
    session,
    `select c.relname::text as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = any ($2)
  and not exists (select from ${sql.build} b where b.copy = $3 and b.state = 'serving' and c.relname = any (b.tables))
order by 1`,
    [home.schema, tables, copied.name],
  );
  const taken = rows.map(({ name }) => `"${name}"`);
  if (taken.length > 0)
    throw new Error(`the domain has something of the name ${taken.join(", ")} already; choose another name`);
}

function tablesInvalid(domain: string, { kind, name }: Copied, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return readingErrors.READ_MODEL_TABLES_INVALID(
    `The tables of the ${kind} "${name}" of "${domain}" cannot be made: ${reason}. Nothing of them was kept; correct its declaration, and migrate again.`,
    { domain, name },
    { cause },
  );
}
