import { createClient, httpTransport } from "@polder/http";
import { subscription } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { recordedTime, recordUse, usersOf } from "@polder/registry";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Bank, Booked, bankWith, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows } from "./hosting.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(bankHomes);
});
afterEach(() => database[Symbol.asyncDispose]());

const counting = () =>
  reportWith({
    subscriptions: [
      subscription(report, "count", {
        [Booked.name]: async ({ event, tx }) => {
          const { account, amount } = event.data;
          await tx.sql`insert into counted (event_id, account, amount) values (${event.id}, ${account}, ${amount})`;
        },
      }),
    ],
  });

const since = new Date(Date.now() - 86_400_000);

async function users(contract: string, major: number = 1): Promise<readonly (readonly unknown[])[]> {
  const found = await usersOf(database.admin, { contract, major, since });
  return found
    .map(({ consumer, version, environment, calls, days }) => [consumer, version, environment, calls, days.length])
    .sort();
}

test("who uses which contract is written down when a host stops: calls by caller and version, and events", async () => {
  const host = await hostOn(database, [bankWith(), counting()], { environment: "test" });
  await host.bank.book({ account: "a", amount: 5 });
  await host.report.ask({ account: "a" });
  const foreign = httpTransport({ baseUrl: host.host.url });
  await fetch(`${host.host.url}/bank/v1/accounts/a`, { headers: { "polder-version": "1.999.0" } });
  // Whoever is turned away is no consumer.
  await fetch(`${host.host.url}/bank/v1/bookings`, {
    method: "POST",
    body: "{",
    headers: { "content-type": "application/json" },
  });
  await createClient(Bank, "1.0.0", { transport: foreign }).balance({ account: "a" });
  await until(
    async () => (await rows(database.admin, "select from report.counted")).length === 1,
    "the event has been handled",
  );
  await host.host.stop();
  expect(await users("bank")).toEqual([
    ["report", "1.0.0", "test", 1, 1],
    ["unknown", "1", "test", 1, 1],
    ["unknown", "1.0.0", "test", 2, 1],
  ]);
  expect(await users("bank.Booked")).toEqual([["report", "1.0.0", "test", 1, 1]]);
  const { admin } = database;
  // #region example
  const found = await usersOf(admin, { contract: "bank", major: 1, since });
  const [last] = found; // { consumer: "report", version: "1.0.0", environment, calls, seenAt, days: [{ day, calls }] }
  // #endregion example
  expect(last).toMatchObject({
    calls: expect.any(Number),
    seenAt: expect.any(Date),
    days: [{ day: expect.any(String) }],
  });
  expect(await users("bank", 2)).toEqual([]);
  const later = new Date(Date.now() + 86_400_000);
  expect(await usersOf(database.admin, { contract: "bank", major: 1, since: later })).toEqual([]);
});

test("a second host adds to what the first has counted; a subscription without events is a consumer as well", async () => {
  for (let run = 0; run < 2; run += 1) {
    await using host = await hostOn(database, [bankWith(), counting()]);
    await host.bank.balance({ account: "a" });
  }
  expect(await users("bank")).toEqual([["unknown", "1.0.0", "development", 2, 1]]);
  expect(await users("bank.Booked")).toEqual([["report", "1.0.0", "development", 0, 1]]);
});

test("uses are forgotten when they are older than they are kept, and not before", async () => {
  const use = { contract: "bank", version: "1.0.0", consumer: "report", environment: "test", calls: 1 };
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
  expect(await recordedTime(database.admin)).toBeUndefined();
  await recordUse(database.admin, [
    { ...use, seenAt: daysAgo(401) },
    { ...use, seenAt: daysAgo(399) },
  ]);
  await using host = await hostOn(database, [bankWith(), counting()]);
  await host.bank.balance({ account: "a" });
  await host.host.stop();
  const from = (await recordedTime(database.admin, { environment: "test" }))?.from ?? new Date();
  expect(from.getTime()).toBeGreaterThan(daysAgo(400).getTime());
  expect(await recordedTime(database.admin, { environment: "nowhere" })).toBeUndefined();
});

test("a domain may write uses down, and not look at those of others", async () => {
  await using bank = database.openAs({ domain: "bank", schema: "bank", owner: "bank_owner", app: "bank_app" });
  await expect(bank.query("select from polder.contract_use")).rejects.toMatchObject({ code: "42501" });
});
