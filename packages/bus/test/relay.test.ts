import { homeOf, identifier, outboxInsert } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresSource } from "../src/index.ts";
import { openWholesale, publish, sold, type Wholesale, wholesaleHomes } from "./wholesale.ts";

let server: TestServer;
let database: TestDatabase;
let wholesale: Wholesale;

// A server of its own: transactions that stay open here would hold up snapshots of other tests.
beforeAll(async () => {
  server = await testServer({ own: "relay" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(wholesaleHomes);
  wholesale = openWholesale(database);
});
afterEach(async () => {
  await wholesale[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

interface LogRow {
  readonly seq: string;
  readonly key: string;
  readonly n: number;
}

async function log(): Promise<readonly LogRow[]> {
  const { rows } = await database.admin.query<LogRow>(
    "select seq, key, (data->>'n')::int as n from polder.log_sales order by seq",
  );
  return rows;
}

async function logged(count: number): Promise<readonly LogRow[]> {
  await until(async () => (await log()).length >= count, `${count} events are in the log`);
  return await log();
}

/** A session of Sales in the test's hands. */
async function session() {
  const client = await wholesale.sales.connect();
  const insert = async (key: string, n: number): Promise<void> => {
    const { text, values } = outboxInsert("sales", [sold(key, n)]);
    await client.query(text, [...values]);
  };
  return { client, insert, [Symbol.asyncDispose]: () => client.end() };
}

describe("a transaction that stays open", () => {
  test("holds up nobody, and its own events come when it commits", async () => {
    await using slow = await session();
    await slow.client.query("begin");
    await slow.insert("slow", 1);
    for (let n = 1; n <= 5; n += 1) await publish(wholesale.sales, sold(`fast-${n}`, n));
    wholesale.relay.wake();
    expect((await logged(5)).map(({ key }) => key)).toEqual(["fast-1", "fast-2", "fast-3", "fast-4", "fast-5"]);
    await slow.client.query("commit");
    wholesale.relay.wake();
    const rows = await logged(6);
    expect(rows.at(-1)?.key).toBe("slow");
    expect(rows.map(({ seq }) => seq)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("holds up nobody in another database of the server either", async () => {
    await using other = await server.database();
    const client = await other.admin.connect();
    await client.query("begin");
    await client.query("create table held (a int)");
    await publish(wholesale.sales, sold("a", 1));
    wholesale.relay.wake();
    await logged(1);
    await client.query("rollback");
    await client.end();
  });

  test("may be prepared for two-phase commit: its events come after commit prepared", async () => {
    await using one = await session();
    await one.client.query("begin");
    await one.insert("prepared", 1);
    await one.client.query("prepare transaction 'relay-test'");
    await publish(wholesale.sales, sold("a", 1));
    wholesale.relay.wake();
    expect((await logged(1)).map(({ key }) => key)).toEqual(["a"]);
    await database.admin.query("commit prepared 'relay-test'");
    wholesale.relay.wake();
    expect((await logged(2)).map(({ key }) => key)).toEqual(["a", "prepared"]);
  });
});

test("aborted transactions and rolled back savepoints leave nothing, and no gap in the positions", async () => {
  await using one = await session();
  await one.client.query("begin");
  await one.insert("a", 1);
  await one.client.query("savepoint s");
  await one.insert("a", 2);
  await one.client.query("rollback to s");
  await one.insert("a", 3);
  await one.client.query("savepoint t");
  await one.insert("a", 4);
  await one.client.query("release t");
  await one.client.query("commit");
  await one.client.query("begin");
  await one.insert("a", 5);
  await one.client.query("rollback");
  await publish(wholesale.sales, sold("a", 6));
  wholesale.relay.wake();
  expect((await logged(4)).map(({ seq, n }) => [seq, n])).toEqual([
    ["1", 1],
    ["2", 3],
    ["3", 4],
    ["4", 6],
  ]);
});

test("a transaction with an older id that publishes later comes later: order per key is the order of commits", async () => {
  await using older = await session();
  await using younger = await session();
  await older.client.query("begin");
  // Draws its transaction id before the other one begins.
  await older.client.query("select pg_current_xact_id()");
  await younger.client.query("begin");
  await younger.insert("a", 1);
  await younger.client.query("commit");
  await older.insert("a", 2);
  await older.client.query("commit");
  wholesale.relay.wake();
  expect((await logged(2)).map(({ n }) => n)).toEqual([1, 2]);
});

test("two transactions with the same keys in opposite order do not deadlock, and the one that commits first is first", async () => {
  const write = (...keys: readonly string[]) => publish(wholesale.sales, ...keys.map((key, n) => sold(key, n)));
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? write("a", "b", "c") : write("c", "b", "a"))),
  );
  wholesale.relay.wake();
  expect(await logged(120)).toHaveLength(120);
});

test("a backlog larger than a page moves page by page, and what commits meanwhile comes after it", async () => {
  await wholesale.relay.stop();
  await database.admin.query(
    `insert into sales._outbox (event_id, key, type, version, data)
select gen_random_uuid(), 'k' || n % 7, 'sales.Sold', '1.0.0', json_build_object('article', 'k' || n % 7, 'n', n) from generate_series(1, 5000) n`,
  );
  const { rows: first } = await database.admin.query("select moved, more from polder.relay_sales(1000)");
  expect(first).toEqual([{ moved: 1000, more: true }]);
  await publish(wholesale.sales, sold("late", 5001));
  const steps: number[] = [];
  for (let more = true; more; ) {
    const { rows } = await database.admin.query<{ moved: number; more: boolean }>(
      "select moved, more from polder.relay_sales(1000)",
    );
    steps.push(rows[0]?.moved ?? 0);
    more = rows[0]?.more ?? false;
  }
  const rows = await log();
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 5001 }, (_, index) => index + 1));
  expect(steps.reduce((sum, moved) => sum + moved, 0)).toBe(4001);
});

test("two relays at once move every event once", async () => {
  await using second = openWholesale(database);
  const publishing = Array.from({ length: 8 }, async (_, worker) => {
    for (let n = 0; n < 50; n += 1) {
      await publish(wholesale.sales, sold(`w${worker}`, n));
      wholesale.relay.wake();
      second.relay.wake();
    }
  });
  await Promise.all(publishing);
  const rows = await logged(400);
  expect(rows.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
  for (let worker = 0; worker < 8; worker += 1) {
    expect(rows.filter(({ key }) => key === `w${worker}`).map(({ n }) => n)).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
  }
});

test("in another cluster, where transaction ids begin anew, what was not relayed is, and nothing twice", async () => {
  await publish(wholesale.sales, sold("a", 1), sold("b", 2));
  wholesale.relay.wake();
  await logged(2);
  await wholesale.relay.stop();
  await publish(wholesale.sales, sold("a", 3));
  // What a restored dump looks like: another system identifier, and snapshots from a future that never was.
  await database.admin.query(
    "update polder.relay set system_identifier = 'another', lo = '900000000:900000000:' where domain = 'sales'",
  );
  await using restored = openWholesale(database);
  await publish(restored.sales, sold("a", 4));
  restored.relay.wake();
  expect((await logged(4)).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
});

describe("retention", () => {
  test("drops partitions that everybody has read and that are old enough, and no other", async () => {
    await wholesale.relay.stop();
    const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
    await source.report("slow-reader", 0n);
    // A new domain's partitions are large; here they begin small.
    const { rows: large } = await database.admin.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent in ('sales._outbox'::regclass, 'polder.log_sales'::regclass)",
    );
    for (const { name } of large)
      await database.admin.query(`drop table ${identifier(...name.replaceAll('"', "").split("."))}`);
    await database.admin.query("update polder.relay set outbox_until = 0, log_until = 0");
    await database.admin.query("select polder.maintain_sales(100, interval '0')");
    const publishMany = async (from: number): Promise<void> => {
      await database.admin.query(
        `insert into sales._outbox (event_id, key, type, version, data)
select gen_random_uuid(), 'k', 'sales.Sold', '1.0.0', json_build_object('article', 'k', 'n', n) from generate_series($1::int, $1::int + 99) n`,
        [from],
      );
      await database.admin.query("select polder.relay_sales(1000)");
      await database.admin.query("select polder.maintain_sales(100, interval '0')");
    };
    for (let from = 1; from <= 401; from += 100) await publishMany(from);
    expect((await source.state()).oldest).toBe(1n);
    const outboxBefore = await partitions("sales._outbox");
    expect(outboxBefore, "what was relayed is gone from the outbox, whoever still reads the log").not.toContain(
      "_outbox_0",
    );
    await source.report("slow-reader", 350n);
    await database.admin.query("select polder.maintain_sales(100, interval '1 day')");
    expect((await source.state()).oldest, "the replay window keeps it").toBe(1n);
    await database.admin.query("select polder.maintain_sales(100, interval '0')");
    expect((await source.state()).oldest).toBe(300n);
    const page = await source.read({ after: 350n, parts: { lo: 0, hi: 63 }, events: ["sales.Sold"], eventsMax: 1_000 });
    expect(page.events.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 150 }, (_, index) => 351 + index));
  });

  test("gives way to a writer that is at work, and comes again", async () => {
    await using writer = await session();
    await writer.client.query("begin");
    await writer.insert("a", 1);
    await expect(database.admin.query("select polder.maintain_sales(1000000, interval '0')")).resolves.toBeDefined();
    await writer.client.query("commit");
  });
});

async function partitions(parent: string): Promise<readonly string[]> {
  const { rows } = await database.admin.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass",
    [parent],
  );
  return rows.map(({ name }) => name);
}

test("a domain that did not declare the need cannot read the log, neither the table nor by the function", async () => {
  const outsider = database.openAs(homeOf("sales"));
  await expect(outsider.query("select * from polder.log_sales")).rejects.toMatchObject({ code: "42501" });
  await expect(
    outsider.query("select * from polder.read_sales(0, 10, 0, 63, array['sales.Sold'], 10)"),
  ).rejects.toMatchObject({ code: "42501" });
  await expect(
    wholesale.ledger.query("select * from polder.read_sales(0, 10, 0, 63, array['sales.Secret'], 10)"),
  ).rejects.toMatchObject({ code: "42501" });
  await outsider.close();
});
