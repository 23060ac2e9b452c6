import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Database, openDatabase, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { homeScopes, order, rowOf, runScript } from "./homes.ts";

let server: TestServer;
let database: TestDatabase;
let app: Database;

beforeAll(async () => {
  server = await testServer();
  database = await server.database();
  await provision({ ...database, homes: [order], scopes: homeScopes.slice(0, 2) });
  app = database.openAs(order);
});
afterAll(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe("values", () => {
  test("come as PostgreSQL has them: a date is a text, a large number keeps its digits", async () => {
    const row = await rowOf(
      app,
      `select date '2024-02-29' as day, '{2024-02-29,null}'::date[] as days, 9007199254740993::int8 as large, 1.10::numeric as exact,
         42 as small, timestamptz '2024-02-29 12:00:00Z' as at, true as yes, null as nothing, '{"a": [1]}'::json as json, '\\x00ff'::bytea as bytes`,
    );
    expect(row).toEqual({
      day: "2024-02-29",
      days: ["2024-02-29", null],
      large: "9007199254740993",
      exact: "1.10",
      small: 42,
      at: new Date("2024-02-29T12:00:00Z"),
      yes: true,
      nothing: null,
      json: { a: [1] },
      bytes: Buffer.from([0, 255]),
    });
  });

  test("are read in that way by our clients alone", async () => {
    const client = new pg.Client(database.address);
    await client.connect();
    const { rows } = await client.query<{ day: unknown }>("select date '2024-02-29' as day");
    await client.end();
    expect(rows[0]?.day).toBeInstanceOf(Date);
  });

  test("any text survives, and is never SQL", async () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed() && !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const [row] = await app.sql<{ value: string }>`select ${value}::text as value`;
        expect(row?.value).toBe(value);
      }),
      { numRuns: 300 },
    );
  });

  test("rows say how many the statement touched", async () => {
    const rows = await app.sql<{ n: number }>`select n from generate_series(1, 3) as n`;
    expect([rows.count, rows.map(({ n }) => n)]).toEqual([3, [1, 2, 3]]);
  });
});

describe("a connection", () => {
  test("is of its role, in its schema, with its name and its limits", async () => {
    const row = await rowOf(
      app,
      `select current_user::text as role, current_schema()::text as schema, current_setting('application_name') as name,
         current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(row).toEqual({ role: "order_app", schema: "order", name: "polder", statement: "1min", idle: "1min" });
  });

  test("has its schema, whatever its name", async () => {
    const schema = `we "quote" \\ it's, ${"x".repeat(20)}`;
    await using odd = openDatabase({ ...database.address, schema });
    expect(await rowOf(odd, "select current_setting('search_path') as path")).toEqual({
      path: `"${schema.replaceAll('"', '""')}"`,
    });
  });

  test("is kept after a statement that failed", async () => {
    await using single = openDatabase({ ...database.appAddress("order"), connectionsMax: 1 });
    const pid = async () => await rowOf(single, "select pg_backend_pid() as pid");
    const before = await pid();
    await expect(single.query("select nonsense")).rejects.toMatchObject({ code: "42703" });
    expect(await pid()).toEqual(before);
  });

  test("keeps no statement prepared when told so", async () => {
    const prepared = async (target: Database) =>
      await rowOf(target, "select count(*)::int as n from pg_prepared_statements");
    await using plain = openDatabase({ ...database.address, prepare: false, connectionsMax: 1 });
    expect([await prepared(plain), await prepared(plain)]).toEqual([{ n: 0 }, { n: 0 }]);
    await using usual = openDatabase({ ...database.address, connectionsMax: 1 });
    expect([await prepared(usual), await prepared(usual)]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("keeps so many statements prepared and no more", async () => {
    await using single = openDatabase({ ...database.address, connectionsMax: 1 });
    for (let start = 0; start < 1_100; start += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => single.query(`select ${start + n}`)));
    }
    expect(await rowOf(single, "select count(*)::int as n from pg_prepared_statements")).toEqual({ n: 1_000 });
  });
});

describe("no connection", () => {
  const address = () => database.appAddress("order");

  test("in time, because all are in use", async () => {
    await using single = openDatabase({ ...address(), connectionsMax: 1, connectTimeoutMs: 500 });
    const tx = single.begin();
    await tx.query("select 1");
    const busy = {
      code: "POSTGRES_BUSY",
      details: { user: "order_app" },
      message: expect.stringContaining("connectionsMax"),
    };
    await Promise.all([
      expect(single.query("select 1")).rejects.toMatchObject(busy),
      expect(single.begin().query("select 1")).rejects.toMatchObject(busy),
      expect(single.begin().commit([{ text: "select 1", values: [] }])).rejects.toMatchObject(busy),
    ]);
    await tx.commit();
    expect((await single.query("select 1")).rowCount).toBe(1);
  });

  test("because the server takes no more of the role", async () => {
    // A role of its own: roles belong to the whole server, and others use it meanwhile.
    const user = `crowd_${randomBytes(4).toString("hex")}`;
    await runScript(database, `create role ${user} login password 'crowd' connection limit 0`);
    await using none = openDatabase({ ...address(), user, password: "crowd" });
    await expect(none.query("select 1")).rejects.toMatchObject({ code: "POSTGRES_BUSY", cause: { code: "53300" } });
    await runScript(database, `drop role ${user}`);
  });

  test("with a wrong password", async () => {
    await using wrong = openDatabase({ ...address(), password: "wrong" });
    const refused = { code: "POSTGRES_AUTH_FAILED", message: expect.stringContaining("POLDER_SECRET_ORDER_APP") };
    await expect(wrong.query("select 1")).rejects.toMatchObject(refused);
    await expect(wrong.begin().query("select 1")).rejects.toMatchObject(refused);
    await expect(wrong.connect()).rejects.toMatchObject(refused);
    await expect(wrong.query("select 1")).rejects.not.toThrow(/password=|"wrong"/);
  });

  test("to a database that there is not", async () => {
    await using missing = openDatabase({ ...address(), database: "nowhere" });
    await expect(missing.query("select 1")).rejects.toMatchObject({
      code: "POSTGRES_UNREACHABLE",
      message: expect.stringContaining('no database "nowhere"'),
    });
  });

  test("where nobody listens, and where nobody is", async () => {
    await using silent = openDatabase({ ...address(), port: await closedPort() });
    await expect(silent.query("select 1")).rejects.toMatchObject({ code: "POSTGRES_UNREACHABLE" });
    await expect(silent.connect()).rejects.toMatchObject({ code: "POSTGRES_UNREACHABLE" });
    await using nobody = openDatabase({ ...address(), host: "nobody.invalid" });
    await expect(nobody.query("select 1")).rejects.toMatchObject({
      code: "POSTGRES_UNREACHABLE",
      details: { host: "nobody.invalid" },
    });
  });

  test("where somebody listens and never answers", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    await using waiting = openDatabase({ ...address(), port, connectTimeoutMs: 20 });
    await expect(waiting.query("select 1")).rejects.toMatchObject({ code: "POSTGRES_UNREACHABLE" });
    await expect(waiting.connect()).rejects.toMatchObject({ code: "POSTGRES_UNREACHABLE" });
    mute.close();
  });

  test("after the database has been closed, which may be said twice", async () => {
    const closed = openDatabase(address());
    await closed.query("select 1");
    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    await expect(closed.query("select 1")).rejects.toMatchObject({ code: "POSTGRES_UNREACHABLE" });
  });
});

test("closing waits for whoever still has a connection", async () => {
  const closing = openDatabase({ ...database.appAddress("order"), schema: "order" });
  const tx = closing.begin();
  await tx.query("select 1");
  let isClosed = false;
  const closed = closing.close().then(() => {
    isClosed = true;
  });
  await tx.query("select 2");
  expect(isClosed).toBe(false);
  await tx.commit();
  await closed;
});

/** A port on which nobody listens: one that was free a moment ago. */
async function closedPort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
