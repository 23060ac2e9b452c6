import { isPolderError, type Logger, silentLogger } from "@polder/model";
import type pg from "pg";
import type { Database } from "../database.ts";
import { sqlState } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { type DomainHome, POLDER_ROLE } from "../provision/roles.ts";
import { identifier } from "../sql-name.ts";
import { lockMigrations } from "./migration-lock.ts";
import { openMigrator } from "./migrator.ts";
import { pause } from "./pause.ts";
import { type AppliedMigration, planMigrations } from "./plan-migrations.ts";
import type { Migration } from "./read-migrations.ts";
import { migrationFailed, runMigration } from "./run-migration.ts";

/** What {@link migrate} needs. */
export interface MigrateOptions {
  /** The database, as the administrator who has provisioned it. */
  readonly admin: Database;
  readonly home: DomainHome;
  readonly migrations: readonly Migration[];
  /** Only say what would run. Default false. */
  readonly dryRun?: boolean;
  /** How long to wait for another process that migrates the same domain, in milliseconds. Default 30,000. */
  readonly waitMs?: number;
  /** How long a statement may wait for a lock before it gives way, in milliseconds. Default 500. */
  readonly lockTimeoutMs?: number;
  /** How often a migration that could not get its lock is tried. Default 20. */
  readonly lockAttemptsMax?: number;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/**
 * Runs the migrations of a domain that have not run yet, each in a transaction of its own with its
 * entry in the ledger, as the domain's owner and with no right beyond it. A waiting `alter table` blocks
 * every reader behind it, so a statement gives way after `lockTimeoutMs` and is tried again after a pause with jitter.
 *
 * Aborting leaves the migrations that have ended, and nothing of the one under way; of one outside a transaction,
 * what it had done.
 *
 * @returns the names that ran, or would run.
 * @throws `MIGRATION_CHANGED`, `MIGRATION_MISSING`, `MIGRATION_OUT_OF_ORDER`, `MIGRATION_FAILED`,
 * `MIGRATION_LOCKED`, `NOT_PROVISIONED`, `PROVISION_FORBIDDEN`; the signal's reason when aborted.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { home, signal } = options;
  signal?.throwIfAborted();
  const session = await options.admin.connect();
  try {
    // A function that somebody has put in `public` must not be taken for PostgreSQL's own.
    await session.query("set search_path = pg_catalog");
    await refuseUnprovisioned(session, home);
    // Tried and never awaited: a session that waits for a lock would keep `create index concurrently` waiting for it.
    if (options.dryRun !== true) await lockMigrations(session, options);
    const pending = planMigrations(home.domain, options.migrations, await readLedger(session, home));
    if (options.dryRun !== true && pending.length > 0) await runAll(session, pending, options);
    return pending.map(({ name }) => name);
  } catch (error) {
    if (!isPolderError(error) && sqlState(error) === "42501") throw forbidden(options, error);
    throw error;
  } finally {
    await session.end();
  }
}

/** The ledger must be the one that Polder made, and not a view that runs what it likes when it is read. */
async function refuseUnprovisioned(session: pg.ClientBase, home: DomainHome): Promise<void> {
  const ledger = `${home.schema}._migration`;
  const found = await session.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = '_migration' and c.relkind = 'r' and pg_get_userbyid(c.relowner) = $2`,
    [home.schema, POLDER_ROLE],
  );
  if (found.rowCount === 1) return;
  throw postgresErrors.NOT_PROVISIONED(
    `The domain "${home.domain}" has no home in this database yet (${ledger} is missing, or not Polder's). Run "polder provision" first.`,
    { domain: home.domain, missing: [ledger] },
  );
}

async function readLedger(session: pg.ClientBase, home: DomainHome): Promise<readonly AppliedMigration[]> {
  await session.query(`set role ${identifier(POLDER_ROLE)}`);
  const { rows } = await session.query<AppliedMigration>(
    `select name, hash from ${identifier(home.schema, "_migration")} order by name`,
  );
  await session.query("reset role");
  return rows;
}

function forbidden({ admin, home }: MigrateOptions, cause: unknown): Error {
  const { user } = admin.target;
  const sqlUser = identifier(user);
  const missing = [
    `alter role ${sqlUser} createrole`,
    `grant ${identifier(POLDER_ROLE)} to ${sqlUser}`,
    `grant ${identifier(home.owner)} to ${sqlUser} with admin option`,
  ];
  const reason = cause instanceof Error ? cause.message : String(cause);
  return postgresErrors.PROVISION_FORBIDDEN(
    `The role "${user}" may not migrate "${home.domain}" (${reason}). Migrate as an administrator (DATABASE_URL), or give it these rights: ${missing.join("; ")}.`,
    { user, missing },
    { cause },
  );
}

async function runAll(session: pg.ClientBase, pending: readonly Migration[], options: MigrateOptions): Promise<void> {
  const { home, signal, logger = silentLogger } = options;
  await using migrator = await openMigrator(options.admin, session, home);
  signal?.addEventListener("abort", migrator.kill, { once: true });
  try {
    for (const migration of pending) {
      signal?.throwIfAborted();
      const begun = performance.now();
      await runPatiently(migrator.client, migration, options);
      const durationMs = Math.round(performance.now() - begun);
      logger.info("migrated", { domain: home.domain, migration: migration.name, durationMs });
    }
  } finally {
    signal?.removeEventListener("abort", migrator.kill);
  }
}

async function runPatiently(client: pg.ClientBase, migration: Migration, options: MigrateOptions): Promise<void> {
  const { home, lockTimeoutMs = 500, lockAttemptsMax = 20, logger = silentLogger, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runMigration(client, migration, { home, lockTimeoutMs });
    } catch (error) {
      signal?.throwIfAborted();
      const gaveWay = sqlState(error) === "55P03" || sqlState(error) === "40P01";
      if (!gaveWay || attempt >= lockAttemptsMax) throw migrationFailed(home, migration, error);
      logger.info("a migration waits for a lock", { domain: home.domain, migration: migration.name, attempt });
      await pause(Math.min(5_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2), signal);
    }
  }
}
