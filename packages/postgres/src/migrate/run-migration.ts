import type pg from "pg";
import { errorField } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import type { DomainHome } from "../provision/roles.ts";
import { identifier, literal } from "../sql-name.ts";
import type { Migration } from "./read-migrations.ts";

/**
 * Runs one migration as the domain's owner and enters it into the ledger, in one transaction unless it asks for none.
 * Each finds the session as the first one did.
 */
export async function runMigration(
  client: pg.ClientBase,
  migration: Migration,
  { home, lockTimeoutMs }: { readonly home: DomainHome; readonly lockTimeoutMs: number },
): Promise<void> {
  const begun = performance.now();
  await client.query("discard all");
  await client.query(`set role ${identifier(home.owner)}`);
  const enter = async (): Promise<void> => {
    await client.query(
      `insert into ${identifier(home.schema, "_migration")} (name, hash, duration_ms) values ($1, $2, $3)`,
      [migration.name, migration.hash, Math.round(performance.now() - begun)],
    );
  };
  if (migration.outsideTransaction) {
    // Waits for locks as long as it takes: what runs outside a transaction does so to let others work meanwhile.
    await client.query(migration.sql);
    await enter();
    return;
  }
  await client.query(`set lock_timeout = ${literal(`${lockTimeoutMs}ms`)}`);
  await client.query("begin");
  try {
    // Executed inside a block, it cannot end the transaction by a commit of its own.
    await client.query(`do ${literal(`begin execute ${literal(migration.sql)}; end`)}`);
    await enter();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** The error of a migration that failed, with the line where, if PostgreSQL names one. */
export function migrationFailed(home: DomainHome, migration: Migration, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const line = lineOf(migration, cause);
  const where = line === undefined ? "" : ` at line ${line}`;
  const left = migration.outsideTransaction
    ? "It ran outside a transaction, so what it had done is still there, such as an invalid index: drop that"
    : "Nothing of it was kept: correct the file";
  return postgresErrors.MIGRATION_FAILED(
    `The migration ${migration.name} of "${home.domain}" failed${where}: ${message}. ${left}, and migrate again.`,
    { domain: home.domain, migration: migration.name, ...(line === undefined ? {} : { line }) },
    { cause },
  );
}

/** PostgreSQL counts characters from 1, in the migration's own text or, as `internalQuery`, in that of a function. */
function lineOf({ sql, outsideTransaction }: Migration, cause: unknown): number | undefined {
  const isInside = errorField(cause, "internalQuery") === sql;
  const position = errorField(cause, isInside ? "internalPosition" : "position");
  if (position === undefined || isInside === outsideTransaction) return undefined;
  const before = [...sql].slice(0, Number(position) - 1);
  return before.filter((sign) => sign === "\n").length + 1;
}
