import { readFile } from "node:fs/promises";
import { homeOf, homeSteps, openDatabase, type ProvisionReport, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catalogOf } from "./catalog.ts";
import { dropRoles, homeScopes, inventory, order, runScript } from "./homes.ts";

// Roles belong to a whole server, so these tests have one for themselves, and each begins without any.

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer({ own: "provision" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await dropRoles(server);
});

const homes = [order, inventory];

async function provisionIn(
  target: TestDatabase,
  options: Partial<Parameters<typeof provision>[0]> = {},
): Promise<ProvisionReport> {
  return await provision({ ...target, homes, scopes: homeScopes, ...options });
}

test("a second run plans nothing and changes nothing", async () => {
  const first = await provisionIn(database);
  expect(first).toMatchObject({ applied: true, drift: [] });
  expect(first.statements.length).toBeGreaterThan(10);
  const made = await catalogOf(database.admin);
  expect(await provisionIn(database)).toEqual({ statements: [], applied: true, drift: [] });
  expect(await catalogOf(database.admin)).toEqual(made);
});

test("a dry run changes nothing; its statements by hand make the same", async () => {
  const before = await catalogOf(database.admin);
  const { statements, applied } = await provisionIn(database, { dryRun: true });
  expect(applied).toBe(false);
  expect(await catalogOf(database.admin)).toEqual(before);

  await provisionIn(database);
  const provisioned = await catalogOf(database.admin);
  await database[Symbol.asyncDispose]();
  await dropRoles(server);

  database = await server.database();
  await runScript(database, ...statements.map(({ sql }) => sql));
  expect(await catalogOf(database.admin)).toEqual(provisioned);
  const report = await provisionIn(database, { setPasswords: true });
  expect(report.statements.map(({ what }) => what)).toEqual(["password of order_app", "password of inventory_app"]);
  expect(report.drift).toEqual([]);
});

test("no password is in what a dry run shows, nor in the server's log", async () => {
  const secret = "f7c2-a-password";
  await database.admin.query("alter system set log_statement = 'all'");
  await database.admin.query("select pg_reload_conf()");
  const options = { password: () => secret, setPasswords: true };
  const { statements } = await provisionIn(database, { ...options, dryRun: true });
  expect(JSON.stringify(statements)).not.toMatch(/f7c2|SCRAM/);
  await provisionIn(database, options);
  await database.admin.query("alter system reset log_statement");
  await database.admin.query("select pg_reload_conf()");
  const log = await readFile(server.server.logFile, "utf8");
  expect(log).toContain('alter role "order_app" password');
  expect(log).not.toContain("f7c2");
});

test("a failure half-way leaves nothing", async () => {
  const before = await catalogOf(database.admin);
  const broken = {
    scope: "inventory",
    steps: [{ name: "broken", sql: "create table inventory.half (); select 1 / 0" }],
  };
  await expect(provisionIn(database, { scopes: [...homeScopes, broken] })).rejects.toMatchObject({ code: "22012" });
  expect(await catalogOf(database.admin)).toEqual(before);
});

test("two at once do no harm", async () => {
  const reports = await Promise.all([provisionIn(database), provisionIn(database), provisionIn(database)]);
  expect(reports.map(({ drift }) => drift)).toEqual([[], [], []]);
  expect(reports.filter(({ statements }) => statements.length > 0)).toHaveLength(1);
  expect((await provisionIn(database)).statements).toEqual([]);
});

test("two databases of a server at once share the roles", async () => {
  for (let round = 0; round < 3; round += 1) {
    const domains = [1, 2, 3].map((n) => homeOf(`round-${round}-${n}`));
    const scopes = domains.map(homeSteps);
    await using other = await server.database();
    await using third = await server.database();
    const both = await Promise.all([
      provisionIn(database, { homes: domains, scopes }),
      provisionIn(other, { homes: [...domains].reverse(), scopes }),
      provisionIn(third, { homes: domains, scopes }),
    ]);
    expect(both.map(({ drift }) => drift)).toEqual([[], [], []]);
    for (const target of [database, other, third]) {
      expect((await provisionIn(target, { homes: domains, scopes })).statements).toEqual([]);
    }
  }
});

describe("steps", () => {
  const once = { name: "0001 once", sql: "create table polder.tally (n int); insert into polder.tally values (1)" };
  const again = (n: number) => ({ name: "again", repeatable: true, sql: `insert into polder.tally values (${n})` });
  const tally = async (): Promise<readonly number[]> =>
    (await database.admin.query<{ n: number }>("select n from polder.tally order by n")).rows.map(({ n }) => n);

  test("run once, or again when their text has changed", async () => {
    for (const [n, expected] of [
      [2, [1, 2]],
      [2, [1, 2]],
      [3, [1, 2, 3]],
    ] as const) {
      await provisionIn(database, { homes: [], scopes: [{ scope: "system", steps: [once, again(n)] }] });
      expect(await tally()).toEqual(expected);
    }
    const changed = { ...once, sql: "insert into polder.tally values (9)" };
    await provisionIn(database, { homes: [], scopes: [{ scope: "system", steps: [changed, again(3)] }] });
    expect(await tally()).toEqual([1, 2, 3]);
  });

  test("belong to Polder's role, and their functions are for nobody else", async () => {
    const step = { name: "f", sql: "create function polder.f() returns text language sql as 'select current_user'" };
    await provisionIn(database, { scopes: [...homeScopes, { scope: "system", steps: [step] }] });
    const { rows } = await database.admin.query(
      "select pg_get_userbyid(proowner)::text as owner, has_function_privilege('order_app', oid, 'execute') as open from pg_proc where proname = 'f'",
    );
    expect(rows).toEqual([{ owner: "polder", open: false }]);
  });
});

test("a function in the schema public is never taken for PostgreSQL's own", async () => {
  await database.admin.query(
    "create function public.hashtextextended(text, int) returns bigint language plpgsql as $$ begin raise exception 'trapped'; end $$",
  );
  await provisionIn(database);
});

test("a login gets into a database that is closed to the public", async () => {
  const { user, host, port, password, database: name } = database.address;
  await using root = openDatabase({ user, host, port, password, database: "postgres" });
  await root.query(`revoke connect on database "${name}" from public`);
  expect((await provisionIn(database)).drift).toEqual([]);
  expect((await provisionIn(database)).statements).toEqual([]);
});
