import { randomBytes } from "node:crypto";
import type pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import { type DomainHome, migratorPrefix } from "../provision/roles.ts";
import { scramVerifier } from "../provision/scram.ts";
import { identifier, literal } from "../sql-name.ts";

/** A session in which the migrations of one domain run. */
export interface Migrator extends AsyncDisposable {
  /** Logged in as a role that may be nobody but the domain's owner. */
  readonly client: pg.Client;
  /** Ends the session, also in the middle of a statement; nothing of the transaction under way is kept. */
  readonly kill: () => void;
}

/**
 * Logs in to migrate. PostgreSQL lets whoever has logged in go back to being that role: with `reset role`, or
 * in what runs at the commit, such as a cursor that outlives its transaction. So migrations run in a session that
 * never was an administrator's: under a login made for this run, which has no right but to act as the domain's owner.
 * It is dropped with the session. Should the process be killed, it stays, with a password that nobody knows and that
 * expires within the hour; the next run for the domain drops it.
 */
export async function openMigrator(admin: Database, session: pg.ClientBase, home: DomainHome): Promise<Migrator> {
  await dropExpired(session, home);
  const user = `${migratorPrefix(home)}${randomBytes(4).toString("hex")}`;
  const password = randomBytes(32).toString("base64url");
  await makeLogin(session, { user, password, home });
  await using undo = new AsyncDisposableStack();
  // Should that fail, it expires.
  undo.defer(() => dropLogin(session, user).catch(() => undefined));
  const { target } = admin;
  const database = undo.use(
    openDatabase({
      ...target,
      user,
      password,
      schema: home.schema,
      applicationName: "polder migrate",
      statementTimeoutMs: 0,
    }),
  );
  const client = await database.connect();
  undo.defer(() => client.end());
  const { rows } = await client.query<{ pid: string }>("select pg_backend_pid()::text as pid");
  const pid = rows[0]?.pid ?? "";
  const owned = undo.move();
  return {
    client,
    // Should it fail, the session has ended by itself.
    kill: () =>
      void asLogin(session, user, `select pg_terminate_backend(${literal(pid)}::integer)`).catch(() => undefined),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeLogin(
  session: pg.ClientBase,
  { user, password, home }: { readonly user: string; readonly password: string; readonly home: DomainHome },
): Promise<void> {
  const { rows } = await session.query<{ expires: string; isOpen: boolean; database: string }>(
    `select (now() + interval '1 hour')::text as expires, current_database()::text as database,
       has_database_privilege('public', current_database(), 'connect') as "isOpen"`,
  );
  for (const { expires, isOpen, database } of rows) {
    // Inheriting nothing, it has the owner's rights only while it acts as the owner.
    await session.query(
      `create role ${identifier(user)} login noinherit password ${literal(scramVerifier(password))} valid until ${literal(expires)} in role ${identifier(home.owner)} role current_user`,
    );
    if (!isOpen) await session.query(`grant connect on database ${identifier(database)} to ${identifier(user)}`);
  }
}

async function dropLogin(session: pg.ClientBase, user: string): Promise<void> {
  // What it may own is what a migration made that did not want to be the domain's owner, such as a large object.
  await asLogin(session, user, `drop owned by ${identifier(user)}`);
  await session.query(`drop role ${identifier(user)}`);
}

/** As the login itself: an administrator who does not inherit the rights of the roles that he may become has none to it. */
async function asLogin(session: pg.ClientBase, user: string, sql: string): Promise<void> {
  await session.query(`set role ${identifier(user)}; ${sql}; reset role`);
}

async function dropExpired(session: pg.ClientBase, home: DomainHome): Promise<void> {
  const { rows } = await session.query<{ user: string }>(
    `select r.rolname::text as user
from pg_roles r
where starts_with(r.rolname, $1) and r.rolvaliduntil < now()
  and not exists (select from pg_stat_activity a where a.usesysid = r.oid)
limit 100`,
    [migratorPrefix(home)],
  );
  // Another database of the server may be dropping it too, or still have something of it.
  for (const { user } of rows) await dropLogin(session, user).catch(() => undefined);
}
