import { hostname } from "node:os";
import { type Logger, silentLogger } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { type BusNames, busNames } from "../names.ts";

/** A process that runs a domain, as the others see it. */
export interface Presence {
  /** Shows itself at once: with the subscriptions that it runs now. */
  readonly show: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What {@link startPresence} needs. */
export interface PresenceOptions {
  readonly domain: string;
  readonly database: Database;
  /** UUID of this process's instance of the domain. */
  readonly instance: string;
  /**
   * Names of the subscriptions that it runs: another version of the domain may run others. It is asked at each sign of life.
   * Default: all that there are.
   */
  readonly subscriptions?: () => readonly string[];
  /** Without a sign of life for this long an instance counts as gone, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  readonly logger?: Logger;
}

/** Enters this process among those that run a domain, and keeps the entry fresh: subscriptions are shared by their number. */
export async function startPresence(options: PresenceOptions): Promise<Presence> {
  const { domain, database, instance, leaseMs = 15_000, logger = silentLogger } = options;
  const sql = busNames(homeOf(domain));
  const show = async (): Promise<void> => {
    await database.query(
      `insert into ${sql.instance} (id, host, pid, subscriptions) values ($1, $2, $3, $4) on conflict (id) do update set seen_at = now(), subscriptions = excluded.subscriptions`,
      [instance, hostname(), process.pid, options.subscriptions?.() ?? null],
    );
  };
  await forgetDead(database, sql);
  await show();
  let showing: Promise<void> | undefined;
  const timer = setInterval(() => {
    showing ??= show()
      .catch((error: unknown) => logger.debug("the sign of life was not written", { domain, error }))
      .finally(() => {
        showing = undefined;
      });
  }, leaseMs / 3);
  return {
    show,
    stop: async () => {
      clearInterval(timer);
      // One that is under way would come after the entry is gone, and make it anew.
      await showing;
      await database
        .query(`delete from ${sql.instance} where id = $1`, [instance])
        .catch((error: unknown) => logger.debug("the instance was not signed off; it expires", { domain, error }));
    },
  };
}

/**
 * Frees what processes of this machine held that were killed, so that a restart need not wait for their leases. One that
 * is taken for dead and is not, such as in another container of the same name, loses its leases and claims them again.
 */
async function forgetDead(database: Database, sql: BusNames): Promise<void> {
  await database.query(`delete from ${sql.instance} where seen_at < now() - interval '1 day'`);
  const { rows } = await database.query<{ id: string; pid: number }>(
    `select id, pid from ${sql.instance} where host = $1 and pid <> $2 limit 1000`,
    [hostname(), process.pid],
  );
  const dead = rows.filter(({ pid }) => !isAlive(pid)).map(({ id }) => id);
  if (dead.length === 0) return;
  await database.query(`delete from ${sql.instance} where id = any ($1::uuid[])`, [dead]);
  await database.query(
    `update ${sql.checkpoint} set owner = null, lease_until = '-infinity' where owner = any ($1::uuid[])`,
    [dead],
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process is alive as well.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
