import { type Database, migrate, migrationOf, openDatabase, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catalogOf } from "./catalog.ts";
import { dropRoles, homeScopes, inventory, order, runScript } from "./homes.ts";

// An administrator who is no superuser, as hosted databases have them: here called chief.

let server: TestServer;
let database: TestDatabase;
let chief: Database;

beforeAll(async () => {
  server = await testServer({ own: "rights" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  await runScript(database, "create role chief login password 'chief'");
  chief = openDatabase({ ...database.address, user: "chief", password: "chief" });
});
afterEach(async () => {
  await chief.close();
  await database[Symbol.asyncDispose]();
  await dropRoles(server);
});

const homes = [order, inventory];
const provisionAs = async (admin: Database, options: { readonly dryRun?: boolean } = {}) =>
  await provision({ admin, homes, scopes: homeScopes, password: database.password, ...options });
const name = (): string => database.address.database;

describe.each(["inherit", "noinherit"])("an administrator who may create roles and schemas, with %s", (inherit) => {
  beforeEach(() =>
    runScript(database, `alter role chief createrole ${inherit}; grant create on database ${name()} to chief`),
  );

  test("provisions, and again for nothing", async () => {
    expect(await provisionAs(chief)).toMatchObject({ applied: true, drift: [] });
    expect(await provisionAs(chief)).toEqual({ statements: [], applied: true, drift: [] });
    // A superuser finds nothing to do either, nor anything wrong.
    expect(await provisionAs(database.admin)).toEqual({ statements: [], applied: true, drift: [] });
  });

  test("migrates, and no login is left over", async () => {
    await provisionAs(chief);
    const migrations = [
      migrationOf("0001.sql", "create table orders (id int)"),
      migrationOf("0002.sql", "-- polder: no transaction\ncreate index concurrently on orders (id)"),
    ];
    expect(await migrate({ admin: chief, home: order, migrations })).toEqual(["0001.sql", "0002.sql"]);
    const { rows } = await database.admin.query("select rolname from pg_roles where rolname ~ 'migrator'");
    expect(rows).toEqual([]);
    await using app = database.openAs(order);
    await app.query("insert into orders values (1)");
  });

  test("aborts a migration", async () => {
    await provisionAs(chief);
    const stop = new AbortController();
    const migrations = [migrationOf("0001.sql", "select pg_sleep(600)")];
    const running = migrate({ admin: chief, home: order, migrations, signal: stop.signal });
    const sleeps = "select from pg_stat_activity where application_name = 'polder migrate' and wait_event = 'PgSleep'";
    await until(async () => (await database.admin.query(sleeps)).rowCount === 1, "the migration sleeps");
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    await until(async () => (await database.admin.query(sleeps)).rowCount === 0, "its session has ended");
  });

  test("sets the passwords again", async () => {
    await provisionAs(chief);
    await runScript(database, "alter role order_app password 'another'");
    const options = { admin: chief, homes, scopes: homeScopes, password: database.password, setPasswords: true };
    expect((await provision(options)).drift).toEqual([]);
  });
});

describe("who may not provision is told by what statements he could", () => {
  const lacksBoth = () => ['alter role "chief" createrole', `grant create on database "${name()}" to "chief"`];

  test("creating roles and schemas", async () => {
    const before = await catalogOf(database.admin);
    await expect(provisionAs(chief)).rejects.toMatchObject({
      code: "PROVISION_FORBIDDEN",
      details: { user: "chief", missing: lacksBoth() },
      message: expect.stringContaining(lacksBoth().join("; ")),
    });
    expect(await catalogOf(database.admin)).toEqual(before);
    await runScript(database, ...lacksBoth());
    expect((await provisionAs(chief)).drift).toEqual([]);
  });

  test("acting as roles that are there already", async () => {
    await using other = await server.database();
    await provision({ ...other, homes, scopes: homeScopes });
    await runScript(database, ...lacksBoth());
    const missing = ["polder", "order_owner", "inventory_owner"].map((role) => `grant "${role}" to "chief"`);
    await expect(provisionAs(chief)).rejects.toMatchObject({ code: "PROVISION_FORBIDDEN", details: { missing } });
    await runScript(database, ...missing);
    expect((await provisionAs(chief)).statements.length).toBeGreaterThan(5);
  });

  test("migrating", async () => {
    await provisionAs(database.admin);
    const options = { admin: chief, home: order, migrations: [migrationOf("0001.sql", "create table orders ()")] };
    const missing = [
      'alter role "chief" createrole',
      'grant "polder" to "chief"',
      'grant "order_owner" to "chief" with admin option',
    ];
    for (const right of missing) {
      await expect(migrate(options)).rejects.toMatchObject({ code: "PROVISION_FORBIDDEN", details: { missing } });
      await runScript(database, right);
    }
    expect(await migrate(options)).toEqual(["0001.sql"]);
  });
});

test("who may not read what is there is not shown all of it as missing", async () => {
  await provisionAs(database.admin);
  await expect(provisionAs(chief, { dryRun: true })).rejects.toMatchObject({
    code: "PROVISION_FORBIDDEN",
    details: { missing: ['grant "polder" to "chief"'] },
  });
  await runScript(database, "grant polder to chief");
  expect((await provisionAs(chief, { dryRun: true })).statements).toEqual([]);
});

test("who may do nothing can still see what an administrator would have to do", async () => {
  const { statements } = await provisionAs(chief, { dryRun: true });
  expect(JSON.stringify(statements)).not.toContain("chief");
  await runScript(database, ...statements.map(({ sql }) => sql));
  expect((await provisionAs(database.admin)).statements).toEqual([]);
});
