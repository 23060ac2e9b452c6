import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { identifier } from "../sql-name.ts";

/** How the first database with some content comes to it; the next ones are copies. */
export interface TemplateOptions {
  /** A session of the superuser. */
  readonly session: pg.Client;
  /** All that the content depends on, as JSON has it. */
  readonly of: unknown;
  /** Puts the content into an empty database, and leaves no connection to it. */
  readonly fill: (name: string) => Promise<void>;
  /** How many the server keeps; the oldest give way. */
  readonly templatesMax: number;
}

const PREFIX = "template_of_";

/**
 * Gives the name of a database to copy, filled by whoever comes first. Others wait for that under a lock, which ends
 * with its holder's session, and make it anew when it is not whole.
 */
export async function template({ session, of, fill, templatesMax }: TemplateOptions): Promise<string> {
  const name = nameOf(of);
  await session.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
  const { rows } = await session.query("select from pg_database where datname = $1 and datistemplate", [name]);
  if (rows.length === 0) {
    await session.query(`drop database if exists ${identifier(name)} with (force)`);
    await session.query(`create database ${identifier(name)}`);
    await fill(name);
    // Whoever is connected to a database stands in the way of its copies.
    await session.query(`alter database ${identifier(name)} with allow_connections false is_template true`);
    await dropOldest(session, templatesMax);
  }
  await session.query("select pg_advisory_unlock(hashtextextended($1, 0))", [name]);
  return name;
}

/** Another version of Polder may make another thing of the same. */
function nameOf(content: unknown): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  return (
    PREFIX +
    createHash("sha256")
      .update(JSON.stringify([version, content]))
      .digest("hex")
      .slice(0, 16)
  );
}

async function dropOldest(session: pg.Client, templatesMax: number): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    "select datname::text as name from pg_database where starts_with(datname, $1) and datistemplate order by oid desc offset $2",
    [PREFIX, templatesMax],
  );
  for (const { name } of rows) {
    await session.query(`alter database ${identifier(name)} with is_template false`);
    // One that is being copied right now stays a while longer.
    await session.query(`drop database ${identifier(name)}`).catch(() => undefined);
  }
}
