import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, silentLogger } from "@polder/model";
import {
  type MigrateOptions,
  type Migration,
  migrate,
  migrationOf,
  openDatabase,
  provision,
  readMigrations,
} from "@polder/postgres";
import { type TestContent, type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { homeScopes, order, rowOf, runScript } from "./homes.ts";

// Transactions stay open here, so these tests have a server of their own.

let server: TestServer;
let database: TestDatabase;

const scopes = homeScopes.slice(0, 2);
const orderHome: TestContent = {
  of: scopes,
  fill: async (empty) => void (await provision({ ...empty, homes: [order], scopes })),
};

beforeAll(async () => {
  server = await testServer({ own: "migrate" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(orderHome);
});
afterEach(() => database[Symbol.asyncDispose]());

/** Migrations of these texts, named 0001.sql and so on. */
function files(...texts: readonly string[]): readonly Migration[] {
  return texts.map((text, index) => migrationOf(`${String(index + 1).padStart(4, "0")}.sql`, text));
}

async function run(
  migrations: readonly Migration[],
  options: Partial<MigrateOptions> = {},
): Promise<readonly string[]> {
  return await migrate({ admin: database.admin, home: order, migrations, ...options });
}

async function ledger(): Promise<readonly string[]> {
  const { rows } = await database.admin.query<{ name: string }>('select name from "order"._migration order by name');
  return rows.map(({ name }) => name);
}

async function exists(name: string): Promise<boolean> {
  const row = await rowOf<{ found: boolean }>(
    database.admin,
    "select to_regclass($1) is not null as found",
    `"order".${name}`,
  );
  return row?.found === true;
}

/** A session that holds a lock on a table until it is released. */
async function holdLock(table: string) {
  const session = await database.admin.connect();
  const lock = (other: string) => session.query(`lock table "order".${other} in access share mode`);
  // In a deadlock it is the other one that PostgreSQL ends.
  await session.query("set deadlock_timeout = '1h'");
  await session.query("begin");
  await lock(table);
  return { lock, release: () => session.query("rollback"), [Symbol.asyncDispose]: () => session.end() };
}

/** Says when a migration gives way, by what it logs. */
function listener(heard: (message: string) => void): Logger {
  return { ...silentLogger, info: heard };
}

describe("the ledger", () => {
  test("each migration runs once, in order, and a later run goes on from there", async () => {
    const all = files("create table a (n int)", "insert into a values (1)", "insert into a values (2)");
    expect(await run(all.slice(0, 2), { dryRun: true })).toEqual(["0001.sql", "0002.sql"]);
    expect(await ledger()).toEqual([]);
    expect(await run(all.slice(0, 2))).toEqual(["0001.sql", "0002.sql"]);
    expect(await run(all.slice(0, 2))).toEqual([]);
    expect(await run(all)).toEqual(["0003.sql"]);
    expect(await run(all)).toEqual([]);
    expect(await ledger()).toEqual(["0001.sql", "0002.sql", "0003.sql"]);
    expect(await rowOf(database.admin, 'select count(*)::int as n from "order".a')).toEqual({ n: 2 });
    const entry = await rowOf(
      database.admin,
      'select hash, duration_ms >= 0 as took, applied_at <= now() as applied from "order"._migration where name = $1',
      "0001.sql",
    );
    expect(entry).toEqual({ hash: all[0]?.hash, took: true, applied: true });
  });

  test.each([
    ["MIGRATION_CHANGED", files("create table a ()", "create table c ()")],
    ["MIGRATION_MISSING", files("create table a ()")],
    [
      "MIGRATION_OUT_OF_ORDER",
      [...files("create table a ()", "create table b ()"), migrationOf("0001-a.sql", "create table c ()")],
    ],
  ])("%s leaves everything as it is", async (code, migrations) => {
    await run(files("create table a ()", "create table b ()"));
    await expect(run(migrations)).rejects.toMatchObject({ code, details: { domain: "order" } });
    await expect(run(migrations, { dryRun: true })).rejects.toMatchObject({ code });
    expect(await ledger()).toEqual(["0001.sql", "0002.sql"]);
    expect(await exists("c")).toBe(false);
  });

  test("line ends and a byte order mark do not matter", async () => {
    const folder = await mkdtemp(join(tmpdir(), "polder-migrations-"));
    try {
      const text = "create table a (\n  n int\n);\ninsert into a values (1);\n";
      await writeFile(join(folder, "0001.sql"), `\uFEFF${text.replaceAll("\n", "\r\n")}`);
      await writeFile(join(folder, "notes.md"), "not a migration");
      expect(await run(await readMigrations(folder))).toEqual(["0001.sql"]);
      await writeFile(join(folder, "0001.sql"), text);
      expect(await run(await readMigrations(folder))).toEqual([]);
      expect(await readMigrations(join(folder, "absent"))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a domain without a home is told so", async () => {
    await using empty = await server.database();
    const options = { admin: empty.admin, home: order, migrations: files("create table a ()") };
    await expect(migrate(options)).rejects.toMatchObject({
      code: "NOT_PROVISIONED",
      details: { domain: "order", missing: ["order._migration"] },
    });
    // A view in the ledger's place would run what it likes as the administrator who reads it.
    await runScript(
      empty,
      'create schema "order"',
      "create view \"order\"._migration as select 'a' as name, 'b' as hash",
    );
    await expect(migrate(options)).rejects.toMatchObject({ code: "NOT_PROVISIONED" });
  });
});

describe("a migration that fails", () => {
  test("leaves nothing of itself, and keeps those before it", async () => {
    const migrations = files("create table a ()", "create table b ();\ninsert into a values (1)", "create table c ()");
    await expect(run(migrations)).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      details: { domain: "order", migration: "0002.sql" },
      message: expect.stringContaining("Nothing of it was kept"),
      cause: { code: "42601" },
    });
    expect(await ledger()).toEqual(["0001.sql"]);
    expect([await exists("b"), await exists("c")]).toEqual([false, false]);
    expect(await run(files("create table a ()", "create table b ()", "create table c ()"))).toEqual([
      "0002.sql",
      "0003.sql",
    ]);
  });

  test.each([
    [1, "creat table a ()"],
    [3, "create table a ();\n\n  creat table b ();\n"],
    [3, "create table a ();\r\n\r\ncreate table b (n nonsense)"],
    [
      2,
      "create table a (n text default '🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷');\nselect missing from a;\nselect 1;\nselect 2;",
    ],
    [4, "create table a ();\ndo $$\nbegin\n  perform missing();\nend $$;"],
    [3, "-- polder: no transaction\n\nselect missing"],
  ])("is named with its line %i", async (line, text) => {
    const failed = run(files(text));
    // What stands inside a string of the migration is another text to PostgreSQL: no line is better than a wrong one.
    const expected = text.includes("$$") ? {} : { line };
    await expect(failed).rejects.toMatchObject({ code: "MIGRATION_FAILED", details: { migration: "0001.sql" } });
    const error: unknown = await failed.catch((reason: unknown) => reason);
    expect(error).toHaveProperty("details", { domain: "order", migration: "0001.sql", ...expected });
  });

  test("outside a transaction, says that it may have left something", async () => {
    const [first, second] = files(
      "create table a (n int); insert into a values (1), (1)",
      "-- polder: no transaction\ncreate unique index concurrently a_n on a (n)",
    );
    if (first === undefined || second === undefined) throw new Error("unreachable");
    await expect(run([first, second])).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      message: expect.stringContaining("still there"),
      cause: { code: "23505" },
    });
    expect(await ledger()).toEqual(["0001.sql"]);
    // The way out: migrations that come between, and then the same again.
    const mend = migrationOf("0001-a.sql", "delete from a");
    const drop = migrationOf("0001-b.sql", "-- polder: no transaction\ndrop index concurrently a_n");
    expect(await run([first, mend, drop, second])).toEqual(["0001-a.sql", "0001-b.sql", "0002.sql"]);
    expect(
      await rowOf(database.admin, "select indisvalid from pg_index where indexrelid = '\"order\".a_n'::regclass"),
    ).toEqual({
      indisvalid: true,
    });
  });
});

describe("locks", () => {
  test("a migration gives way to whoever holds a table, and runs when it is free", async () => {
    await run(files("create table a ()"));
    await using holder = await holdLock("a");
    const attempts: string[] = [];
    const logger = listener((message) => {
      attempts.push(message);
      if (attempts.length === 2) void holder.release();
    });
    const all = files("create table a ()", "alter table a add column n int");
    expect(await run(all, { lockTimeoutMs: 10, logger })).toEqual(["0002.sql"]);
    expect(attempts).toEqual(["a migration waits for a lock", "a migration waits for a lock", "migrated"]);
  });

  test("it gives way in a deadlock as well", async () => {
    await run(files("create table a (); create table b ()"));
    await using holder = await holdLock("b");
    const all = files(
      "create table a (); create table b ()",
      "alter table a add column n int; alter table b add column n int",
    );
    const gaveWay = Promise.withResolvers<void>();
    const running = run(all, { lockTimeoutMs: 5_000, logger: listener(() => gaveWay.resolve()) });
    const waits = "select from pg_locks where not granted and relation = '\"order\".b'::regclass";
    await until(async () => (await database.admin.query(waits)).rowCount === 1, "the migration waits for b");
    await holder.lock("a");
    await gaveWay.promise;
    await holder.release();
    expect(await running).toEqual(["0002.sql"]);
  });

  test("it gives up after so many attempts", async () => {
    await run(files("create table a ()"));
    await using _holder = await holdLock("a");
    const all = files("create table a ()", "alter table a add column n int");
    await expect(run(all, { lockTimeoutMs: 1, lockAttemptsMax: 2 })).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      cause: { code: "55P03" },
    });
    expect(await ledger()).toEqual(["0001.sql"]);
  });

  test("an index is built concurrently, waiting for whoever writes", async () => {
    await run(files("create table a (n int)"));
    const writer = await database.admin.connect();
    await writer.query('begin; insert into "order".a values (1)');
    const all = files("create table a (n int)", "-- polder: no transaction\ncreate index concurrently a_n on a (n)");
    const running = run(all, { lockTimeoutMs: 1 });
    const waits = "select from pg_stat_progress_create_index where phase like 'waiting%'";
    await until(async () => (await database.admin.query(waits)).rowCount === 1, "the index waits for the writer");
    await writer.query("commit");
    await writer.end();
    expect(await running).toEqual(["0002.sql"]);
    expect(await exists("a_n")).toBe(true);
  });

  test("two at once run each migration once", async () => {
    const all = files("create table a (n int)", "insert into a values (1)", "insert into a values (2)");
    const ran = await Promise.all([run(all), run(all), run(all)]);
    expect(ran.flat().sort()).toEqual(["0001.sql", "0002.sql", "0003.sql"]);
    expect(await rowOf(database.admin, 'select count(*)::int as n from "order".a')).toEqual({ n: 2 });
  });

  test("who waits too long for another process is told", async () => {
    await run(files("create table a ()"));
    await using holder = await holdLock("a");
    const all = files("create table a ()", "alter table a add column n int");
    const waiting = Promise.withResolvers<void>();
    const first = run(all, { lockTimeoutMs: 1, logger: listener(() => waiting.resolve()) });
    await waiting.promise;
    await expect(run(all, { waitMs: 0 })).rejects.toMatchObject({
      code: "MIGRATION_LOCKED",
      details: { domain: "order", waitedMs: 0 },
    });
    // Looking at what would run waits for nobody.
    expect(await run(all, { dryRun: true })).toEqual(["0002.sql"]);
    await holder.release();
    expect(await first).toEqual(["0002.sql"]);
  });
});

describe("aborting", () => {
  const reason = new Error("enough");

  test("ends the statement under way and keeps nothing of its migration", async () => {
    await run(files("create table a ()"));
    const stop = new AbortController();
    const all = files("create table a ()", "create table b ()", "create table c (); select pg_sleep(600)");
    const running = run(all, { signal: stop.signal });
    const sleeps = "select from pg_stat_activity where usename like 'order\\_migrator\\_%' and wait_event = 'PgSleep'";
    await until(async () => (await database.admin.query(sleeps)).rowCount === 1, "the migration sleeps");
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await ledger()).toEqual(["0001.sql", "0002.sql"]);
    expect(await exists("c")).toBe(false);
    expect(await rowOf(database.admin, "select from pg_roles where rolname ~ 'migrator'")).toBeUndefined();
  });

  test("ends the wait for a lock, and for another process", async () => {
    await run(files("create table a ()"));
    await using _holder = await holdLock("a");
    const stop = new AbortController();
    const waiting = Promise.withResolvers<void>();
    const all = files("create table a ()", "alter table a add column n int");
    const first = run(all, { lockTimeoutMs: 1, signal: stop.signal, logger: listener(() => waiting.resolve()) });
    await waiting.promise;
    const second = run(all, { signal: stop.signal });
    stop.abort(reason);
    await expect(first).rejects.toBe(reason);
    await expect(second).rejects.toBe(reason);
    await expect(run(all, { signal: stop.signal })).rejects.toBe(reason);
  });
});

test("a migration may take longer than any statement of a domain", async () => {
  await using admin = openDatabase({ ...database.address, statementTimeoutMs: 1 });
  await expect(admin.query("select pg_sleep(1)")).rejects.toMatchObject({ code: "57014" });
  const options = { home: order, migrations: files("create table a (); select pg_sleep(0.1)") };
  await using patient = openDatabase({ ...database.address, statementTimeoutMs: 50 });
  expect(await migrate({ admin: patient, ...options })).toEqual(["0001.sql"]);
});

test("a migration with nothing in it, and one with all kinds of things", async () => {
  const all = files(
    "-- nothing yet\n",
    `create type mood as enum ('glad', 'sad');
create domain positive as int check (value > 0);
create table a (n positive primary key, mood mood, at timestamptz default now(), note text generated always as ('it''s \\ $$') stored);
create function twice(n int) returns int language sql immutable as $body$ select n * 2 $body$;
create index on a (twice(n));
create view doubled as select twice(n) as n from a;
create materialized view kept as select * from doubled;
create function touch() returns trigger language plpgsql as $fn$ begin new.at := now(); return new; end $fn$;
create trigger touch before update on a for each row execute function touch();
alter table a enable row level security;
create policy everyone on a using (true);
insert into a (n) values (1);
update a set mood = 'glad';
refresh materialized view kept;
comment on table a is 'everything';
grant select on a to order_app;`,
  );
  expect(await run(all)).toEqual(["0001.sql", "0002.sql"]);
  await using app = database.openAs(order);
  expect((await app.query("select n, mood from a")).rows).toEqual([{ n: 1, mood: "glad" }]);
});

test("a login that a killed run has left is dropped by the next, once nobody can use it", async () => {
  const stale = "order_migrator_0badcafe";
  await runScript(database, `create role ${stale} login valid until '2020-01-01' in role order_owner`);
  await runScript(database, "create role order_migrator_00000000 login valid until 'infinity'");
  await run(files("create table a ()"));
  const { rows } = await database.admin.query<{ name: string }>(
    "select rolname::text as name from pg_roles where rolname like 'order\\_migrator\\_%'",
  );
  expect(rows).toEqual([{ name: "order_migrator_00000000" }]);
  await runScript(database, "drop role order_migrator_00000000");
});

test("a database that is closed to the public is migrated as well", async () => {
  await runScript(database, `revoke connect on database ${database.address.database} from public`);
  expect(await run(files("create table a ()"))).toEqual(["0001.sql"]);
});
