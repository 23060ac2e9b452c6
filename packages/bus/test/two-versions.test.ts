import { randomUUID } from "node:crypto";
import { type Domain, domain, need } from "@polder/model";
import { homeOf, homeSteps, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { busDomainSteps, busNeedSteps, busSystemSteps, startPresence } from "../src/index.ts";
import { ledger, openWholesale, publish, Returned, Sold, sales, sold, wholesaleHomes } from "./wholesale.ts";

// Processes with the release before and with the next one run at once, as in a rolling update.

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

/** Provisions the release after, which needs less or more. */
async function provisionLedger(declared: Domain): Promise<void> {
  const homes = [homeOf("sales"), homeOf("ledger")];
  await provision({
    admin: database.admin,
    homes,
    scopes: [
      busSystemSteps(),
      ...homes.map(homeSteps),
      ...["sales", "ledger"].map((name) => busDomainSteps(name)),
      busNeedSteps(sales),
      busNeedSteps(declared),
    ],
    password: database.password,
  });
}

test("a subscription that only one of two versions has is handled whole", async () => {
  await using wholesale = openWholesale(database);
  const instance = randomUUID();
  const other = await startPresence({
    domain: "ledger",
    database: wholesale.ledger,
    instance,
    subscriptions: () => ["another-one"],
  });
  await wholesale.subscribe({ subscriptions: ["write-down"], leaseMs: 600 });
  const names = Array.from({ length: 40 }, (_, index) => `article-${index}`);
  for (const [n, article] of names.entries()) {
    await publish(wholesale.sales, sold(article, n));
    wholesale.relay.wake();
  }
  await until(async () => (await wholesale.entries()).length === names.length, "every key is handled");
  const { rows } = await database.admin.query("select part_lo, part_hi from ledger._checkpoint");
  expect(rows).toEqual([{ part_lo: 0, part_hi: 63 }]);
  await other.stop();
});

test("what the next release no longer needs is readable while the one before runs, and not for ever", async () => {
  await using wholesale = openWholesale(database);
  const stream = await wholesale.subscribe();
  const write = async (n: number): Promise<void> => {
    await publish(wholesale.sales, sold("tulip", n));
    wholesale.relay.wake();
    await until(async () => (await wholesale.entries()).length === n, `${n} are written down`);
  };
  const reading = (event: string): Promise<string> =>
    wholesale.ledger.query("select * from polder.read_sales(0, 9, 0, 63, $1, 9)", [[event]]).then(
      () => "read",
      (error: { readonly code?: string }) => error.code ?? "",
    );
  await write(1);
  const next = domain("ledger", { ...ledger, needs: [need(Returned, "1.0.0")] });
  await provisionLedger(next);
  await write(2);
  expect([await reading(Sold.name), await reading(Returned.name)]).toEqual(["read", "read"]);

  await database.admin.query("update polder.consumer set former_until = now()");
  expect([await reading(Sold.name), await reading(Returned.name)]).toEqual(["42501", "read"]);

  // Back to the release before, as after a failed roll-out; then to one that needs nothing, with nobody running.
  await provisionLedger(ledger);
  await write(3);
  await stream.stop();
  await database.admin.query("update polder.subscriber set seen_at = now() - interval '1 hour'");
  await provisionLedger(domain("ledger", { ...ledger, needs: [] }));
  expect([await reading(Sold.name), await reading(Returned.name)]).toEqual(["42501", "42501"]);
  expect((await database.admin.query("select from polder.consumer")).rows).toEqual([]);
});
