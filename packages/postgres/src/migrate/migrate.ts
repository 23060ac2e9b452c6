import { setTimeout as wait } from "node:timers/promises";
import { type Logger, silentLogger } from "@polder/model";
import type pg from "pg";
import type { Database } from "../database.ts";
import { errorField, sqlState } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import type { DomainHome } from "../provision/roles.ts";
import { identifier } from "../sql-name.ts";
import { type AppliedMigration, planMigrations } from "./plan-migrations.ts";
import type { Migration } from "./read-migrations.ts";

/** What {@link migrate} needs. */
export interface MigrateOptions {
  /** The database, as a role that may act as the domain's owner. */
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

/** Pause between two looks at a lock that is taken, in milliseconds. */
const POLL_MS = 100;

/**
 * Runs the migrations of a domain that have not run yet, each in a transaction of its own with its
 * entry in the ledger, as the domain's owner. A waiting `alter table` blocks every reader behind it,
 * so a statement gives way after `lockTimeoutMs` and is tried again after a pause with jitter.
 *
 * Aborting leaves the migrations that have ended, and nothing of the one under way.
 *
 * @returns the names that ran, or would run.
 * @throws `MIGRATION_CHANGED`, `MIGRATION_MISSING`, `MIGRATION_OUT_OF_ORDER`, `MIGRATION_FAILED`,
 * `MIGRATION_LOCKED`, `NOT_PROVISIONED`.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { home, logger = silentLogger } = options;
  const client = await options.admin.connect();
  try {
    await refuseUnprovisioned(client, home);
    // Tried and never awaited: a session that waits for a lock would keep `create index concurrently` waiting for it.
    await lock(client, options);
    const applied = await client.query<AppliedMigration>(
      `select name, hash from ${identifier(home.schema, "_migration")} order by name`,
    );
    const pending = planMigrations(home.domain, options.migrations, applied.rows);
    if (options.dryRun !== true) {
      for (const migration of pending) {
        options.signal?.throwIfAborted();
        const durationMs = await runPatiently(client, migration, options);
        logger.info("migrated", { domain: home.domain, migration: migration.name, durationMs });
      }
    }
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function refuseUnprovisioned(client: pg.ClientBase, home: DomainHome): Promise<void> {
  const ledger = `${home.schema}._migration`;
  const found = await client.query<{ exists: boolean }>("select to_regclass($1) is not null as exists", [
    identifier(home.schema, "_migration"),
  ]);
  if (found.rows[0]?.exists === true) return;
  throw postgresErrors.NOT_PROVISIONED(
    `The domain "${home.domain}" has no home in this database yet (${ledger} is missing). Run "polder provision" first.`,
    {
      domain: home.domain,
      missing: [ledger],
    },
  );
}

async function lock(client: pg.ClientBase, { home, waitMs = 30_000, signal }: MigrateOptions): Promise<void> {
  for (let waitedMs = 0; waitedMs <= waitMs; waitedMs += POLL_MS) {
    const tried = await client.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtextextended('polder migrate ' || $1, 0)) as locked",
      [home.schema],
    );
    if (tried.rows[0]?.locked === true) return;
    await wait(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
  throw postgresErrors.MIGRATION_LOCKED(
    `Another process has been migrating "${home.domain}" for more than ${waitMs} ms. Wait for it, or end it.`,
    {
      domain: home.domain,
      waitedMs: waitMs,
    },
  );
}

async function runPatiently(client: pg.ClientBase, migration: Migration, options: MigrateOptions): Promise<number> {
  const { home, lockAttemptsMax = 20, logger = silentLogger } = options;
  for (let attempt = 1; ; attempt += 1) {
    const begun = performance.now();
    try {
      await run(client, migration, options);
      return Math.round(performance.now() - begun);
    } catch (error) {
      const gaveWay = sqlState(error) === "55P03";
      if (!gaveWay || attempt >= lockAttemptsMax) throw failed(home, migration, error);
      logger.info("a migration waits for a lock", { domain: home.domain, migration: migration.name, attempt });
      const pauseMs = Math.min(5_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2);
      await wait(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

async function run(
  client: pg.ClientBase,
  migration: Migration,
  { home, lockTimeoutMs = 500 }: MigrateOptions,
): Promise<void> {
  const begun = performance.now();
  const enter = (): Promise<unknown> =>
    client.query(`insert into ${identifier(home.schema, "_migration")} (name, hash, duration_ms) values ($1, $2, $3)`, [
      migration.name,
      migration.hash,
      Math.round(performance.now() - begun),
    ]);
  await client.query("select set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)", [
    `${lockTimeoutMs}ms`,
  ]);
  if (migration.outsideTransaction) {
    await client.query(`set role ${identifier(home.owner)}`);
    try {
      await client.query(`set search_path = ${identifier(home.schema)}`);
      await client.query(migration.sql);
    } finally {
      await client.query("reset role; reset search_path");
    }
    await enter();
    return;
  }
  await client.query("begin");
  try {
    await client.query(`select ${identifier(home.schema, "_migrate")}($1)`, [migration.sql]);
    await enter();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

function failed(home: DomainHome, migration: Migration, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const position = Number(errorField(cause, "internalPosition") ?? errorField(cause, "position") ?? 0);
  const line = position > 0 ? migration.sql.slice(0, position).split("\n").length : undefined;
  const where = line === undefined ? "" : ` at line ${line}`;
  return postgresErrors.MIGRATION_FAILED(
    `The migration ${migration.name} of "${home.domain}" failed${where}: ${message}. Nothing of it was kept; correct the file and migrate again.`,
    { domain: home.domain, migration: migration.name, ...(line === undefined ? {} : { line }) },
    { cause },
  );
}
