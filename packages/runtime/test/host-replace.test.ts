import { type Implementation, subscription } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { bankWith, bookAmount, report, reportWith } from "./bank.ts";
import { allClosed, bankHomes, hostOn, rows } from "./hosting.ts";

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

const answering = (balance: number): Implementation => bankWith({ balance: async () => ({ balance }) });

function counting(as: string): Implementation {
  return reportWith({
    subscriptions: [
      subscription(report, "count", {
        "bank.Booked": async ({ event: { id }, tx }) => {
          await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${as}, 1)`;
        },
      }),
    ],
  });
}

const instances = (domain: string): Promise<readonly object[]> =>
  rows(database.admin, `select id from "${domain}"._instance order by started_at`);

test("calls go to the new implementation, those under way end where they began, and others go on", async () => {
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const { promise: inside, resolve: arrive } = Promise.withResolvers<void>();
  await using host = await hostOn(database, [
    bankWith({
      balance: async () => ({ balance: 1 }),
      book: async (context) => {
        arrive();
        await goOn;
        return await bookAmount(context);
      },
    }),
    reportWith(),
  ]);
  const [ofReport, ofBank] = [await instances("report"), await instances("bank")];
  const booking = host.bank.book({ account: "a", amount: 7 });
  const asking = host.report.ask({ account: "a" });
  await inside;
  await host.host.replace(answering(2));
  expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 2 } });
  expect(await host.report.ask({ account: "a" })).toEqual({ ok: true, value: { text: "2" } });
  release();
  expect(await booking).toMatchObject({ ok: true, value: { balance: 7 } });
  expect((await asking).ok).toBe(true);
  // The domain has a new instance; the other one still has its own.
  expect(await instances("report")).toEqual(ofReport);
  expect(await instances("bank")).not.toEqual(ofBank);
  expect(await instances("bank")).toHaveLength(1);
});

test("deliveries go to the new implementation, each event to one of the two", async () => {
  await using host = await hostOn(database, [bankWith(), counting("old")]);
  const counted = (): Promise<readonly object[]> =>
    rows(
      database.admin,
      "select account, count(*)::int as events from report.counted group by account order by account",
    );
  await host.bank.book({ account: "a", amount: 1 });
  await until(async () => (await counted()).length === 1, "the old one has counted");
  await host.host.replace(counting("new"));
  await host.bank.book({ account: "a", amount: 1 });
  await until(async () => (await counted()).length === 2, "the new one has counted");
  expect(await counted()).toEqual([
    { account: "new", events: 1 },
    { account: "old", events: 1 },
  ]);
});

test("several at once are done one after the other, and nothing is left of those between", async () => {
  await using host = await hostOn(database, [answering(0), reportWith()]);
  await Promise.all([1, 2, 3, 4].map((balance) => host.host.replace(answering(balance))));
  expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 4 } });
  expect(await instances("bank")).toHaveLength(1);
});

test("a replacement that cannot be put in place leaves all as it was", async () => {
  await using host = await hostOn(database, [answering(1), reportWith()]);
  const before = await instances("bank");
  await database.admin.query("alter table bank._parked rename to gone");
  await expect(host.host.replace(answering(2))).rejects.toMatchObject({ code: "NOT_PROVISIONED" });
  await database.admin.query("alter table bank.gone rename to _parked");
  // It publishes the API of another domain: that cannot be served twice.
  const twin = { ...answering(3), domain: { ...answering(3).domain, name: "report" } } as Implementation;
  await expect(host.host.replace(twin)).rejects.toMatchObject({ code: "DECLARATION_INVALID" });
  expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 1 } });
  expect(await host.report.total({})).toEqual({ ok: true, value: { total: 0 } });
  expect(await instances("bank")).toEqual(before);
  expect(await instances("report")).toHaveLength(1);
});

test("a stop waits for a replacement under way, and closes what it has opened", async () => {
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const { promise: inside, resolve: arrive } = Promise.withResolvers<void>();
  const waiting = subscription(report, "count", {
    "bank.Booked": async () => {
      arrive();
      await goOn;
    },
  });
  const { host, bank } = await hostOn(database, [bankWith(), reportWith({ subscriptions: [waiting] })]);
  await bank.book({ account: "a", amount: 1 });
  await inside;
  // The old one's batch is under way: the new one waits for it, and the stop for both.
  const replacing = host.replace(counting("new"));
  await until(async () => (await instances("report")).length === 2, "the new one is there");
  const stopping = host.stop();
  release();
  await Promise.all([replacing, stopping]);
  await allClosed(database);
  expect(await instances("report")).toEqual([]);
});
