import type pg from "pg";
import type { Database } from "../database.ts";
import type { DomainHome } from "../provision/roles.ts";
import { identifier, literal } from "../sql-name.ts";
import { openMigrator } from "./migrator.ts";

/** What {@link runAsOwner} needs. */
export interface OwnerWork {
  /** The database, as the administrator who has provisioned it. */
  readonly admin: Database;
  /** A session of the administrator. */
  readonly session: pg.ClientBase;
  readonly home: DomainHome;
  /** Where names without a schema are looked for and made. */
  readonly schema: string;
  readonly sql: string;
}

/**
 * Runs SQL that a domain has written, in one transaction, as the domain's owner and with no right beyond it. Executed
 * inside a block, it cannot end the transaction by a commit of its own.
 */
export async function runAsOwner({ admin, session, home, schema, sql }: OwnerWork): Promise<void> {
  await using migrator = await openMigrator(admin, session, home);
  const { client } = migrator;
  await client.query("begin");
  try {
    await client.query(`set local role ${identifier(home.owner)}; set local search_path = ${identifier(schema)}`);
    await client.query(`do ${literal(`begin execute ${literal(sql)}; end`)}`);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
