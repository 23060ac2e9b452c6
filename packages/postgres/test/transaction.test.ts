import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Database, isWorthRepeating, openDatabase, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { homeScopes, migrateHome, order, rowOf, runScript } from "./homes.ts";

// Connections are killed here, so these tests have a server of their own.

let server: TestServer;
let database: TestDatabase;
let app: Database;

beforeAll(async () => {
  server = await testServer({ own: "transaction" });
  database = await server.database();
  await provision({ ...database, homes: [order], scopes: homeScopes.slice(0, 2) });
  await migrateHome(
    database,
    order,
    "create table item (id int primary key, parent int references item deferrable initially deferred)",
  );
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await runScript(database, 'truncate "order".item');
  app = openDatabase({
    ...database.appAddress("order"),
    schema: "order",
    connectionsMax: 2,
    applicationName: "under test",
  });
});
afterEach(async () => {
  await app.close();
  // The server's side of a connection ends a moment later, and the next test counts them.
  await until(async () => (await sessions()).length === 0, "no connection is left");
});

async function items(): Promise<readonly number[]> {
  return (await database.admin.query<{ id: number }>('select id from "order".item order by id')).rows.map(
    ({ id }) => id,
  );
}

async function sessions(): Promise<readonly { readonly pid: number; readonly state: string }[]> {
  const text = "select pid, state from pg_stat_activity where application_name = 'under test'";
  return (await database.admin.query<{ pid: number; state: string }>(text)).rows;
}

/** Ends every connection of the database under test, and waits until the server has none. */
async function killAll(): Promise<void> {
  await database.admin.query(
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'under test'",
  );
}

const insert = (id: number, parent: number | null = null) => ({
  text: "insert into item values ($1, $2)",
  values: [id, parent],
});

describe("a transaction", () => {
  test("begins with its first statement: until then there is no connection", async () => {
    const tx = app.begin();
    expect(tx.isOpen()).toBe(false);
    expect(await sessions()).toEqual([]);
    await tx.commit();
    await app.begin().rollback();
    expect(await sessions()).toEqual([]);

    const used = app.begin();
    await used.sql`insert into item values (${1})`;
    expect(used.isOpen()).toBe(true);
    expect(await sessions()).toMatchObject([{ state: "idle in transaction" }]);
    await used.commit();
    expect(used.isOpen()).toBe(false);
    expect(await items()).toEqual([1]);
  });

  test("sends its last statements and the commit together", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await tx.commit([insert(2), insert(3)]);
    await app.begin().commit([insert(4)]);
    expect(await items()).toEqual([1, 2, 3, 4]);
  });

  test("gives the results of its last statements", async () => {
    const named = { text: "insert into item values ($1) returning id", values: [2] };
    const [first, second, ...more] = await app.begin().commit([insert(1), named]);
    expect([first?.rowCount, second?.rows, more]).toEqual([1, [{ id: 2 }], []]);
    expect(await app.begin().commit()).toEqual([]);
  });

  test("needs one round trip for that: all is sent before anything is answered", async () => {
    await using proxy = await startProxy(server.server.port);
    await using behind = openDatabase({ ...database.appAddress("order"), port: proxy.port, schema: "order" });
    const tx = behind.begin();
    await tx.run(insert(1));
    proxy.holdAnswers();
    const committing = tx.commit([insert(2), insert(3)]);
    await proxy.heard("commit");
    await until(async () => (await items()).length === 3, "all of it has been committed");
    proxy.letAnswers();
    await committing;
  });

  test.each([
    ["the first of the last statements", [insert(1), insert(3), insert(4)]],
    ["one in the middle", [insert(3), insert(1), insert(4)]],
    ["the very last", [insert(3), insert(4), insert(1)]],
  ])("is rolled back whole when %s fails, and that is the error", async (_, last) => {
    await app.begin().commit([insert(1)]);
    const tx = app.begin();
    await tx.run(insert(2));
    await expect(tx.commit(last)).rejects.toMatchObject({ code: "23505", table: "item" });
    expect(await items()).toEqual([1]);
    // The connection is whole, and used again.
    await app.begin().commit([insert(5)]);
    expect(await sessions()).toHaveLength(1);
  });

  test("is rolled back when the commit itself fails, and keeps its connection", async () => {
    await expect(app.begin().commit([insert(2, 99)])).rejects.toMatchObject({ code: "23503" });
    const [before] = await sessions();
    await app.begin().commit([insert(1)]);
    expect(await sessions()).toMatchObject([{ pid: before?.pid }]);
    expect(await items()).toEqual([1]);
  });

  test("says when a failed statement was swallowed", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await tx.query("select nonsense").catch(() => undefined);
    await expect(tx.commit()).rejects.toMatchObject({ code: "TRANSACTION_ABORTED" });
    expect(await items()).toEqual([]);

    const unawaited = app.begin();
    unawaited.query("select nonsense").catch(() => undefined);
    await expect(unawaited.commit()).rejects.toMatchObject({ code: "TRANSACTION_ABORTED" });
  });

  test("goes on after a failure inside a savepoint", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await tx.query("savepoint before");
    await expect(tx.run(insert(1))).rejects.toMatchObject({ code: "23505" });
    await tx.query("rollback to savepoint before");
    await tx.commit([insert(2)]);
    expect(await items()).toEqual([1, 2]);
  });

  test("takes nothing after its end, whoever ended it", async () => {
    const committed = app.begin();
    await committed.commit([insert(1)]);
    const rolledBack = app.begin();
    await rolledBack.run(insert(2));
    await rolledBack.rollback();
    const empty = app.begin();
    await empty.rollback();
    for (const tx of [committed, rolledBack, empty]) {
      await expect(tx.run(insert(3))).rejects.toMatchObject({ code: "TRANSACTION_ENDED" });
      await expect(tx.sql`select 1`).rejects.toMatchObject({ code: "TRANSACTION_ENDED" });
      await expect(tx.commit([insert(3)])).rejects.toMatchObject({ code: "TRANSACTION_ENDED" });
      // A commit that says nothing would be taken for one that was done.
      await expect(tx.commit()).rejects.toMatchObject({ code: "TRANSACTION_ENDED" });
      await tx.rollback();
    }
    expect(await items()).toEqual([1]);
  });

  test("may be ended by several at once", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await Promise.all([tx.rollback(), tx.rollback(new Error("too late")), tx.rollback()]);
    const waiting = app.begin();
    const statement = waiting.run(insert(2)).catch((error: unknown) => error);
    await Promise.all([waiting.rollback(new Error("too late")), waiting.rollback()]);
    await statement;
    expect(await items()).toEqual([]);
  });

  test("of a snapshot sees one moment, and writes nothing", async () => {
    const snapshot = app.begin("snapshot");
    expect((await snapshot.query("select from item")).rowCount).toBe(0);
    await app.begin().commit([insert(1)]);
    expect((await snapshot.query("select from item")).rowCount).toBe(0);
    await expect(snapshot.run(insert(2))).rejects.toMatchObject({ code: "25006" });
    await snapshot.rollback();
    expect((await app.query("select from item")).rowCount).toBe(1);
  });

  test("throws its connection away when it is told that it is broken", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    const sleeping = tx.query("select pg_sleep(600)").catch((error: unknown) => error);
    await until(async () => (await sessions()).some(({ state }) => state === "active"), "it sleeps");
    const reason = new Error("the handler took too long");
    await tx.rollback(reason);
    expect(await sleeping).toBe(reason);
    await until(async () => (await sessions()).length === 0, "PostgreSQL has noticed");
    await app.begin().commit([insert(2)]);
    expect(await items()).toEqual([2]);
  });
});

describe("a connection that is killed", () => {
  const lost = { code: "POSTGRES_UNREACHABLE", details: { user: "order_app" } };

  afterEach(async () => {
    // The pool has got over it.
    await Promise.all([app.begin().commit([insert(100)]), app.query("select 1"), app.query("select 2")]);
    expect(await items()).toEqual([100]);
  });

  test("while it is idle in the pool", async () => {
    await Promise.all([app.query("select 1"), app.query("select 2")]);
    await killAll();
    await until(
      async () => (await app.query("select 1").catch(() => undefined)) !== undefined,
      "a statement gets through",
    );
  });

  test("between two statements of a transaction", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await killAll();
    await expect(tx.run(insert(2))).rejects.toMatchObject(lost);
    await tx.rollback();
  });

  test("during a statement", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    const sleeping = expect(tx.query("select pg_sleep(600)")).rejects.toMatchObject(lost);
    await until(async () => (await sessions()).some(({ state }) => state === "active"), "it sleeps");
    await killAll();
    await sleeping;
    await tx.rollback();
  });

  test("before the commit", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await killAll();
    await expect(tx.commit()).rejects.toMatchObject(lost);
    await tx.rollback();
  });

  test("during the commit", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    const committing = expect(tx.commit([{ text: "select pg_sleep(600)", values: [] }])).rejects.toMatchObject(lost);
    await until(async () => (await sessions()).some(({ state }) => state === "active"), "the commit is under way");
    await killAll();
    await committing;
  });

  test("before the rollback", async () => {
    const tx = app.begin();
    await tx.run(insert(1));
    await killAll();
    await tx.rollback();
  });

  test("by PostgreSQL itself, because the transaction stood idle for too long", async () => {
    await using hasty = openDatabase({
      ...database.appAddress("order"),
      schema: "order",
      idleInTransactionTimeoutMs: 500,
      applicationName: "under test",
    });
    const tx = hasty.begin();
    await tx.run(insert(1));
    const [session] = await sessions();
    await until(async () => (await sessions()).every(({ pid }) => pid !== session?.pid), "PostgreSQL has ended it");
    await expect(tx.query("select 1")).rejects.toMatchObject(lost);
    await tx.rollback();
    expect((await hasty.query("select 1")).rowCount).toBe(1);
  });

  test("for one purpose outside the pool", async () => {
    const session = await app.connect();
    await killAll();
    await expect(session.query("select 1")).rejects.toThrow();
    await session.end();
  });
});

describe("a prepared statement that a migration has outdated", () => {
  let column = 0;
  const addColumn = async (): Promise<void> => {
    column += 1;
    await migrateHome(database, order, `alter table item add column more_${column} int`);
  };
  const all = { text: "select * from item", values: [] };

  test("is repeated by itself outside a transaction, on every connection", async () => {
    const both = () => Promise.all([app.run(all), app.run(all)]);
    await both();
    await addColumn();
    for (const { rowCount } of [...(await both()), ...(await both())]) expect(rowCount).toBe(0);
  });

  test("makes its transaction worth repeating, which then gets through on every connection", async () => {
    const inBoth = async (): Promise<readonly unknown[]> => {
      const both = [app.begin(), app.begin()];
      const results = await Promise.allSettled(both.map((tx) => tx.run(all)));
      await Promise.all(both.map((tx) => tx.rollback()));
      return results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    };
    expect(await inBoth()).toEqual([]);
    await addColumn();
    const failed = await inBoth();
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(isWorthRepeating)).toBe(true);
    expect(await inBoth()).toEqual([]);
  });

  test("also when it goes with the commit", async () => {
    await app.begin().commit([all]);
    await addColumn();
    const failed: unknown = await app
      .begin()
      .commit([insert(1), all])
      .catch((error: unknown) => error);
    expect(isWorthRepeating(failed)).toBe(true);
    await app.begin().commit([insert(1), all]);
    expect(await items()).toEqual([1]);
  });
});

test("statements that lost against each other are worth repeating, others are not", async () => {
  await app.begin().commit([insert(1), insert(2)]);
  const [first, second] = [app.begin(), app.begin()];
  const touch = (id: number) => ({ text: "update item set parent = null where id = $1", values: [id] });
  await first.run(touch(1));
  await second.run(touch(2));
  const results = await Promise.allSettled([first.run(touch(2)), second.run(touch(1))]);
  const failed = results.find((result) => result.status === "rejected");
  expect(isWorthRepeating(failed?.reason)).toBe(true);
  await Promise.all([first.rollback(), second.rollback()]);
  expect(isWorthRepeating(await app.run(insert(1)).catch((error: unknown) => error))).toBe(false);
  expect(await rowOf(app, "select count(*)::int as n from item")).toEqual({ n: 2 });
});

/** A wire to the server in the test's hands: it tells what was sent, and keeps answers back. */
async function startProxy(port: number) {
  const pairs: { readonly near: Socket; readonly far: Socket }[] = [];
  let sent = "";
  const more = new EventEmitter();
  const proxy = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    pairs.push({ near, far });
    near.on("data", (chunk) => {
      sent += chunk.toString("latin1");
      far.write(chunk);
      more.emit("data");
    });
    far.pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: (proxy.address() as AddressInfo).port,
    holdAnswers: () => {
      sent = "";
      for (const { near, far } of pairs) far.unpipe(near);
    },
    letAnswers: () => {
      for (const { near, far } of pairs) far.pipe(near);
    },
    heard: async (text: string) => {
      while (!sent.includes(text)) await once(more, "data");
    },
    [Symbol.asyncDispose]: async () => {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}
