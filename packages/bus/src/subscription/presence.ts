import { hostname } from "node:os";
import { type Logger, silentLogger } from "@polder/model";
import { type Database, homeOf, identifier } from "@polder/postgres";

/** A process that runs a domain, as the others see it. */
export interface Presence {
  readonly stop: () => Promise<void>;
}

/** What {@link startPresence} needs. */
export interface PresenceOptions {
  readonly domain: string;
  readonly database: Database;
  /** UUID of this process's instance of the domain. */
  readonly instance: string;
  /** Without a sign of life for this long an instance counts as gone, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  readonly logger?: Logger;
}

/** Enters this process among those that run a domain, and keeps the entry fresh: subscriptions are shared by their number. */
export async function startPresence(options: PresenceOptions): Promise<Presence> {
  const { domain, database, instance, leaseMs = 15_000, logger = silentLogger } = options;
  const sqlTable = identifier(homeOf(domain).schema, "_instance");
  const show = async (): Promise<void> => {
    await database.query(
      `insert into ${sqlTable} (id, host, pid) values ($1, $2, $3) on conflict (id) do update set seen_at = now()`,
      [instance, hostname(), process.pid],
    );
  };
  await database.query(`delete from ${sqlTable} where seen_at < now() - interval '1 day'`);
  await show();
  const timer = setInterval(() => {
    show().catch((error: unknown) => logger.debug("the sign of life was not written", { domain, error }));
  }, leaseMs / 3);
  return {
    stop: async () => {
      clearInterval(timer);
      await database
        .query(`delete from ${sqlTable} where id = $1`, [instance])
        .catch((error: unknown) => logger.debug("the instance was not signed off; it expires", { domain, error }));
    },
  };
}
