import { isPolderError } from "@polder/model";
import type pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import { sqlState } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { identifier, literal } from "../sql-name.ts";
import { type Drift, findDrift } from "./drift.ts";
import { observe } from "./observe.ts";
import { missingRights, type PlannedStatement, planPasswords, planProvision } from "./plan.ts";
import { type DomainHome, type Login, POLDER_ROLE } from "./roles.ts";
import { scramVerifier } from "./scram.ts";
import type { SystemScope } from "./system-object.ts";

/** What {@link provision} needs. */
export interface ProvisionOptions {
  /** The database, as a role that may create roles and schemas. */
  readonly admin: Database;
  readonly homes: readonly DomainHome[];
  /** Domains that live elsewhere and read events of those here: each gets a login here, and no schema. Default none. */
  readonly guests?: readonly DomainHome[];
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
  /** In the order in which they run, each whole as it is; without passwords. */
  readonly statements: readonly { readonly what: string; readonly sql: string }[];
  readonly applied: boolean;
  readonly drift: readonly Drift[];
}

/**
 * Gives every domain its home: schema, roles, Polder's own tables. Runs in one transaction, under a
 * lock, so two at once do no harm and a failure leaves nothing half done. A second run changes nothing.
 * What others have put into the database is left alone and reported as drift.
 *
 * The administrator is a superuser, or may create roles, create schemas in the database, and act as the
 * roles that are there already. A dry run takes anybody who may read what is there; its statements, run by
 * an administrator in their order, give the same as a real run but the passwords of the logins.
 *
 * @throws `POSTGRES_TOO_OLD`, `PROVISION_FORBIDDEN`, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`.
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionReport> {
  const client = await options.admin.connect();
  try {
    // A function that somebody has put in `public` must not be taken for PostgreSQL's own.
    await client.query("set search_path = pg_catalog");
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
    if (!isPolderError(error) && sqlState(error) === "42501") throw forbidden(options.admin.target.user, [], error);
    throw error;
  } finally {
    await client.end();
  }
}

/** Attempts when others make the same roles at the same time. */
const ATTEMPTS_MAX = 10;

/** Duplicate object, unique violation in the catalog, deadlock, or "tuple concurrently updated". */
function isRoleRace(error: unknown): boolean {
  const state = sqlState(error);
  const isConcurrent = state === "XX000" && error instanceof Error && error.message.includes("concurrently");
  return state === "42710" || state === "23505" || state === "40P01" || isConcurrent;
}

async function provisionOnce(client: pg.ClientBase, options: ProvisionOptions): Promise<ProvisionReport> {
  const { admin, homes, scopes, dryRun = false } = options;
  const keepers = [...new Set(scopes.flatMap(({ logins = [] }) => logins))];
  const guests: readonly Login[] = [...(options.guests ?? []), ...keepers.map((app) => ({ app }))];
  const logins = [...homes, ...guests];
  await client.query("begin");
  // Only one provisions at a time; released at the end of the transaction.
  await client.query("select pg_advisory_xact_lock(hashtextextended('polder provision', 0))");
  const observed = await observe(client, homes, guests);
  const planned = [
    ...planProvision({ homes, guests, scopes }, observed),
    ...(options.setPasswords === true ? planPasswords(logins) : []),
  ];
  const missing = missingRights(planned, observed);
  // Who may not read what has been installed would be shown all of it as missing.
  const isBlind = observed.roles.get(POLDER_ROLE)?.isOurs === false;
  if (missing.length > 0 && (!dryRun || isBlind)) throw forbidden(observed.currentUser, missing);
  if (!dryRun) for (const statement of planned) await apply(client, statement, options.password);
  await client.query(dryRun ? "rollback" : "commit");
  const drift = [
    // Logins of Polder itself are shared by all projects of a server: their own processes say when one is wrong.
    ...findDrift({ homes, guests, keepers }, observed),
    ...(dryRun ? [] : await passwordDrift(admin, [...homes, ...(options.guests ?? [])], options.password)),
  ];
  return { statements: planned.map(({ what, sql }) => ({ what, sql })), applied: !dryRun, drift };
}

function forbidden(user: string, missing: readonly string[], cause?: unknown): Error {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  const lacks = missing.length > 0 ? ` It lacks: ${missing.join("; ")}.` : "";
  return postgresErrors.PROVISION_FORBIDDEN(
    `The role "${user}" may not give the domains their homes${reason}.${lacks} Give it these rights, provision as an administrator (DATABASE_URL), or let one run the statements of "polder provision --dry-run".`,
    { user, missing },
    { cause },
  );
}

async function apply(
  client: pg.ClientBase,
  { sql, passwordOf }: PlannedStatement,
  password: (role: string) => string,
): Promise<void> {
  await client.query(sql);
  if (passwordOf === undefined) return;
  const verifier = scramVerifier(password(passwordOf));
  await client.query(`alter role ${identifier(passwordOf)} password ${literal(verifier)}`);
}

/** A login that does not get in: its password is another than ours, or it may not log in at all. */
async function passwordDrift(
  admin: Database,
  logins: readonly Login[],
  password: (role: string) => string,
): Promise<readonly Drift[]> {
  const drift: Drift[] = [];
  for (const { app } of logins) {
    await using database = openDatabase({ ...admin.target, user: app, password: password(app), connectionsMax: 1 });
    try {
      await database.query("select 1");
    } catch (error) {
      if (!isPolderError(error, "POSTGRES_AUTH_FAILED")) throw error;
      // That it may not log in has been said already.
      if (sqlState(error) !== "28P01") continue;
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
