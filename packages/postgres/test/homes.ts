import {
  type Database,
  type DomainHome,
  homeOf,
  homeSteps,
  identifier,
  type Migration,
  migrate,
  migrationOf,
  openDatabase,
  provision,
  type SystemScope,
  sqlState,
} from "@polder/postgres";
import type { TestDatabase, TestServer } from "@polder/postgres/testing";
import pg from "pg";
import { expect } from "vitest";

export const order = homeOf("order");
export const inventory = homeOf("inventory");

/** What Polder keeps for both domains. Without a bus, one partition takes every row of an outbox. */
export const homeScopes: readonly SystemScope[] = [order, inventory].flatMap((home) => [
  homeSteps(home),
  {
    scope: home.domain,
    steps: [
      {
        name: "one partition",
        sql: `create table "${home.schema}"._outbox_all partition of "${home.schema}"._outbox default`,
      },
    ],
  },
]);

/** Gives both domains their home, and each a table with a row. */
export async function provisionHomes(database: TestDatabase): Promise<void> {
  await provision({ ...database, homes: [order, inventory], scopes: homeScopes });
  await migrateHome(database, order, "create table orders (id int primary key); insert into orders values (1)");
  await migrateHome(
    database,
    inventory,
    "create table stock (sku text primary key, n int, id int generated always as identity); insert into stock values ('tulip', 3)",
  );
}

const ran = new WeakMap<TestDatabase, Map<string, readonly Migration[]>>();

/** Runs further migrations of a domain in one run, with the ones that have run before them. */
export async function migrateHome(
  database: TestDatabase,
  home: DomainHome,
  ...texts: readonly string[]
): Promise<void> {
  const all = ran.get(database) ?? new Map<string, readonly Migration[]>();
  ran.set(database, all);
  const before = all.get(home.domain) ?? [];
  const next = texts.map((text, n) => migrationOf(`${String(before.length + n + 1).padStart(4, "0")}.sql`, text));
  const migrations = [...before, ...next];
  await migrate({ admin: database.admin, home, migrations });
  all.set(home.domain, migrations);
}

/** A session as `psql` would open it: nothing of Polder between the test and the server. */
export async function openPsql(
  database: TestDatabase,
  domain: string,
): Promise<{ readonly client: pg.Client } & AsyncDisposable> {
  const client = new pg.Client(database.appAddress(domain));
  client.on("error", () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** Runs statements, several in a text, in one session of the administrator. */
export async function runScript({ admin }: TestDatabase, ...texts: readonly string[]): Promise<void> {
  const session = await admin.connect();
  try {
    for (const text of texts) await session.query(text);
  } finally {
    await session.end();
  }
}

/** Drops all roles that a test has made; for a server of its own whose databases are gone. */
export async function dropRoles({ server: { host, port, user, password } }: TestServer): Promise<void> {
  await using root = openDatabase({ host, port, user, password, database: "postgres" });
  const { rows } = await root.query<{ name: string }>(
    "select rolname::text as name from pg_roles where rolname !~ '^pg_' and rolname <> $1",
    [user],
  );
  for (const { name } of rows) await root.query(`drop role ${identifier(name)}`);
}

/** PostgreSQL says that the role may not do that. */
export async function expectDenied(what: Promise<unknown>): Promise<void> {
  const error = await what.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(`${sqlState(error)} ${error instanceof Error ? error.message : "it was done"}`).toMatch(/^42501 /);
}

/** The first row of a query. */
export async function rowOf<Row>(
  reader: Pick<Database, "query">,
  text: string,
  ...values: readonly unknown[]
): Promise<Row | undefined> {
  return (await reader.query<Row>(text, values)).rows[0];
}
