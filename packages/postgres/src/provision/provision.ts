import type pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import { sqlState } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { identifier, literal } from "../sql-name.ts";
import { observe } from "./observe.ts";
import { type Drift, findDrift, type PlannedStatement, planProvision } from "./plan.ts";
import type { DomainHome } from "./roles.ts";
import { scramVerifier } from "./scram.ts";
import type { SystemScope } from "./system-object.ts";

/** The oldest PostgreSQL that Polder runs on: `pg_snapshot`, SCRAM by default, `client_connection_check_interval`. */
const SERVER_VERSION_MIN = 140_000;

/** What {@link provision} needs. */
export interface ProvisionOptions {
  /** The database, as a role that may create roles and schemas. */
  readonly admin: Database;
  readonly homes: readonly DomainHome[];
  readonly scopes: readonly SystemScope[];
  /** Gives the password of a role. */
  readonly password: (role: string) => string;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
  /** Set the password of every login again. Default false. */
  readonly setPasswords?: boolean;
}

/** What was done, or would be done, and what does not agree with the declaration. */
export interface ProvisionReport {
  /** In the order in which they run; without passwords. */
  readonly statements: readonly { readonly what: string; readonly sql: string }[];
  readonly applied: boolean;
  readonly drift: readonly Drift[];
}

/**
 * Gives every domain its home: schema, roles, Polder's own tables. Runs in one transaction, under a
 * lock, so two at once do no harm and a failure leaves nothing half done. A second run changes nothing.
 * What others have put into the database is left alone and reported as drift.
 *
 * @throws `POSTGRES_TOO_OLD`, `PROVISION_FORBIDDEN`, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`.
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionReport> {
  const client = await options.admin.connect();
  try {
    await refuseOldServer(client);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await provisionOnce(client, options);
      } catch (error) {
        await client.query("rollback").catch(() => undefined);
        // Roles belong to the whole server: another database may be making the same ones right now.
        if (attempt >= ATTEMPTS_MAX || !isRoleRace(error)) throw error;
      }
    }
  } catch (error) {
    if (sqlState(error) === "42501") throw forbidden(options.admin.target.user, error);
    throw error;
  } finally {
    await client.end();
  }
}

/** Attempts when others make the same roles at the same time. */
const ATTEMPTS_MAX = 10;

/** Duplicate object, unique violation in the catalog, or "tuple concurrently updated". */
function isRoleRace(error: unknown): boolean {
  const state = sqlState(error);
  return state === "42710" || state === "23505" || (state === "XX000" && error instanceof Error && error.message.includes("concurrently"));
}

async function provisionOnce(client: pg.ClientBase, options: ProvisionOptions): Promise<ProvisionReport> {
  const { admin, homes, scopes, dryRun = false } = options;
  await client.query("begin");
  // Only one provisions at a time; released at the end of the transaction.
  await client.query("select pg_advisory_xact_lock(hashtextextended('polder provision', 0))");
  const observed = await observe(client, homes);
  if (!observed.isSuperuser && !observed.canCreateRoles) throw forbidden(observed.currentUser);
  const planned = [...planProvision(homes, scopes, observed), ...(options.setPasswords === true ? passwordStatements(homes) : [])];
  if (!dryRun) for (const statement of planned) await apply(client, statement, options.password);
  await client.query(dryRun ? "rollback" : "commit");
  const drift = [...findDrift(homes, observed), ...(dryRun ? [] : await passwordDrift(admin, homes, options.password))];
  return { statements: planned.map(({ what, sql }) => ({ what, sql })), applied: !dryRun, drift };
}

function forbidden(user: string, cause?: unknown): Error {
  return postgresErrors.PROVISION_FORBIDDEN(
    `The role "${user}" may not create roles and schemas${cause instanceof Error ? ` (${cause.message})` : ""}. Provision as an administrator (DATABASE_URL), or give the statements of "polder provision --dry-run" to one.`,
    { user },
    { cause },
  );
}

async function refuseOldServer(client: pg.ClientBase): Promise<void> {
  const result = await client.query<{ number: number; version: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as version",
  );
  const found = result.rows[0];
  if (found === undefined || found.number >= SERVER_VERSION_MIN) return;
  throw postgresErrors.POSTGRES_TOO_OLD(
    `This is PostgreSQL ${found.version}; Polder needs 14 or later. Upgrade the server, or unset DATABASE_URL to use the embedded one.`,
    {
      version: found.version,
    },
  );
}

async function apply(
  client: pg.ClientBase,
  statement: PlannedStatement,
  password: (role: string) => string,
): Promise<void> {
  if (statement.role !== undefined) await client.query(`set local role ${identifier(statement.role)}`);
  await client.query(statement.sql);
  if (statement.role !== undefined) await client.query("reset role");
  if (statement.passwordOf !== undefined) {
    await client.query(
      `alter role ${identifier(statement.passwordOf)} password ${literal(scramVerifier(password(statement.passwordOf)))}`,
    );
  }
  if (statement.step !== undefined) {
    const { scope, name, hash } = statement.step;
    await client.query(
      `insert into polder.installed (scope, step, hash) values ($1, $2, $3)
on conflict (scope, step) do update set hash = excluded.hash, at = now()`,
      [scope, name, hash],
    );
  }
}

function passwordStatements(homes: readonly DomainHome[]): readonly PlannedStatement[] {
  return homes.map(({ app }) => ({
    what: `password of ${app}`,
    sql: `alter role ${identifier(app)} login`,
    passwordOf: app,
  }));
}

/** A login whose password is another than ours: somebody else has provisioned, or the secrets were lost. */
async function passwordDrift(
  admin: Database,
  homes: readonly DomainHome[],
  password: (role: string) => string,
): Promise<readonly Drift[]> {
  const drift: Drift[] = [];
  for (const { app } of homes) {
    await using database = openDatabase({ ...admin.target, user: app, password: password(app), connectionsMax: 1 });
    try {
      await database.query("select 1");
    } catch (error) {
      if (sqlState(error) !== "28P01") throw error;
      drift.push({
        object: `role ${app}`,
        found: "has another password",
        expected: "the password that Polder keeps",
        fix: "polder provision --set-passwords",
      });
    }
  }
  return drift;
}
