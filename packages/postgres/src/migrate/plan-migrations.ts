import { postgresErrors } from "../errors.ts";
import { compareNames, type Migration } from "./read-migrations.ts";

/** A migration as the ledger remembers it. */
export interface AppliedMigration {
  readonly name: string;
  readonly hash: string;
}

/**
 * The migrations that have yet to run. Pure. Migrations only go forward: one that has run never
 * changes or vanishes, and a new one comes after all that have run.
 *
 * @throws `MIGRATION_CHANGED`, `MIGRATION_MISSING`, `MIGRATION_OUT_OF_ORDER`.
 */
export function planMigrations(
  domain: string,
  found: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const onDisk = new Map(found.map((migration) => [migration.name, migration]));
  for (const { name, hash } of applied) {
    const migration = onDisk.get(name);
    if (migration === undefined) {
      throw postgresErrors.MIGRATION_MISSING(
        `The migration ${name} of "${domain}" has run in this database, but its file is gone. Bring the file back; to undo it, write a further migration.`,
        {
          domain,
          migration: name,
        },
      );
    }
    if (migration.hash !== hash) {
      throw postgresErrors.MIGRATION_CHANGED(
        `The migration ${name} of "${domain}" was changed after it had run in this database. Restore its text, and put the change into a further migration.`,
        {
          domain,
          migration: name,
        },
      );
    }
  }
  const done = new Set(applied.map(({ name }) => name));
  const last = [...done].sort(compareNames).at(-1);
  const pending = found.filter(({ name }) => !done.has(name)).sort((a, b) => compareNames(a.name, b.name));
  const early = pending.find(({ name }) => last !== undefined && compareNames(name, last) < 0);
  if (early !== undefined) {
    throw postgresErrors.MIGRATION_OUT_OF_ORDER(
      `The migration ${early.name} of "${domain}" comes before ${last}, which has run in this database. Give it a name that comes after ${last}.`,
      {
        domain,
        migration: early.name,
      },
    );
  }
  return pending;
}
