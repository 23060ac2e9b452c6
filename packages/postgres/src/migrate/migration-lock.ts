import type pg from "pg";
import { postgresErrors } from "../errors.ts";
import type { DomainHome } from "../provision/roles.ts";
import { pause } from "./pause.ts";

/** How to wait for whoever changes the tables of a domain. */
export interface MigrationLockOptions {
  readonly home: DomainHome;
  /** How long to wait, in milliseconds. Default 30,000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** Pause between two looks at a lock that is taken, in milliseconds. */
const POLL_MS = 100;

/**
 * Holds off others who would change the tables of a domain, until the session ends. The lock is tried and never awaited:
 * a session that waits for it would keep `create index concurrently` waiting.
 *
 * @throws `MIGRATION_LOCKED`; the signal's reason when aborted.
 */
export async function lockMigrations(
  session: pg.ClientBase,
  { home, waitMs = 30_000, signal }: MigrationLockOptions,
): Promise<void> {
  for (let waitedMs = 0; waitedMs <= waitMs; waitedMs += POLL_MS) {
    const tried = await session.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtextextended('polder migrate ' || $1, 0)) as locked",
      [home.schema],
    );
    if (tried.rows[0]?.locked === true) return;
    await pause(POLL_MS, signal);
  }
  throw postgresErrors.MIGRATION_LOCKED(
    `Another process has been migrating "${home.domain}" for more than ${waitMs} ms. Wait for it, or end it.`,
    { domain: home.domain, waitedMs: waitMs },
  );
}
