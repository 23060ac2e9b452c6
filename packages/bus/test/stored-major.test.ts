import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parkedMajor, storedMajor } from "../src/index.ts";
import { openWholesale, publish, sold, wholesaleHomes } from "./wholesale.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async ({ onTestFinished }) => {
  database = await server.database(wholesaleHomes);
  onTestFinished(() => database[Symbol.asyncDispose]());
});

test("what lies in outbox and log at a major, apart from other majors and other events", async () => {
  const event = "sales.Sold";
  {
    await using wholesale = openWholesale(database);
    await publish(wholesale.sales, sold("a", 1), { ...sold("b", 2), version: "2.0.0" }, sold("c", 3, "sales.Returned"));
    await publish(wholesale.sales, { ...sold("a", 4), version: "1.7.0" }, { ...sold("a", 5), version: "10.0.0" });
    wholesale.relay.wake();
    await until(
      async () => (await storedMajor(database.admin, "sales", { event, major: 1 })).logged === 2,
      "both are in the log",
    );
  }
  const found = await storedMajor(database.admin, "sales", { event, major: 1 });
  expect(found).toEqual({ logged: 2, lastSeq: expect.any(String), lastAt: expect.any(Date), unrelayed: 0 });
  const { rows } = await database.admin.query("select type, version from polder.log_sales where seq = $1", [
    found.lastSeq,
  ]);
  expect(rows).toEqual([{ type: event, version: "1.7.0" }]);

  await using later = database.openAs({ domain: "sales", schema: "sales", owner: "sales_owner", app: "sales_app" });
  await publish(later, sold("d", 6));
  expect(await storedMajor(database.admin, "sales", { event, major: 1 })).toMatchObject({ logged: 2, unrelayed: 1 });
  expect(await storedMajor(database.admin, "sales", { event, major: 3 })).toEqual({
    logged: 0,
    lastSeq: null,
    lastAt: null,
    unrelayed: 0,
  });
});

test("what subscriptions have put aside at a major", async () => {
  await database.admin.query(`insert into ledger._parked
  (subscription, publisher, seq, part, event_id, key, type, version, data, at, state)
select 'write-down', 'sales', n, 0, gen_random_uuid(), 'a', 'sales.Sold', version, '{}', now(), state
from (values (1, '1.0.0', 'dead'), (2, '1.2.0', 'waiting'), (3, '2.0.0', 'retry'), (4, '1.0.0', 'discard'))
  as one (n, version, state)`);
  expect(await parkedMajor(database.admin, "ledger", { event: "sales.Sold", major: 1 })).toEqual([
    { subscription: "write-down", events: 2 },
  ]);
});
