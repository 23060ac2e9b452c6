import {
  batchSubscription,
  type LogFields,
  type Logger,
  outsideSubscription,
  type Subscription,
  type SubscriptionOptions,
  silentLogger,
  subscription,
} from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Bank, Booked, bankWith, Counted, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows, type TestHost } from "./hosting.ts";

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

/** Fast enough for a test to see an event given up. */
const twice: SubscriptionOptions = { attemptsMax: 2, backoffMs: 1, backoffMaxMs: 1 };

function counting(options: SubscriptionOptions = {}): Subscription {
  return subscription(
    report,
    "count",
    {
      "bank.Booked": async ({ event: { id, data }, tx }) => {
        await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
        tx.publish(Counted, { account: data.account });
      },
    },
    options,
  );
}

const hosting = (subscriptions: readonly Subscription[], logger: Logger = silentLogger): Promise<TestHost> =>
  hostOn(database, [bankWith(), reportWith({ subscriptions })], { logger });

async function book(host: TestHost, ...accounts: readonly string[]): Promise<void> {
  for (const account of accounts) await host.bank.book({ account, amount: 1 });
}

const counted = (): Promise<readonly object[]> => rows(database.admin, "select account from report.counted");
const parked = (): Promise<readonly object[]> =>
  rows(database.admin, "select key, state, attempts from report._parked order by seq");

async function countedAre(count: number): Promise<void> {
  await until(async () => (await counted()).length >= count, `${count} events are counted`);
}

async function isDead(key: string): Promise<void> {
  const dead = async (): Promise<boolean> =>
    (await rows(database.admin, "select from report._parked where key = $1 and state = 'dead'", key)).length === 1;
  await until(dead, `the event of ${key} is a dead letter`);
}

/** Puts an event into Bank's outbox as no handler would. */
async function forge(event: { readonly key: string; readonly version?: string; readonly data: string }): Promise<void> {
  await database.admin.query(
    "insert into bank._outbox (event_id, key, type, version, data) values (gen_random_uuid(), $1, 'bank.Booked', $2, $3)",
    [event.key, event.version ?? "1.0.0", event.data],
  );
}

describe("one by one", () => {
  test("each event takes effect once, with what its handler publishes", async () => {
    await using host = await hosting([counting()]);
    await book(host, "a", "b", "a");
    await countedAre(3);
    expect(await host.report.total({})).toEqual({ ok: true, value: { total: 3 } });
    expect(await rows(database.admin, "select key from report._outbox order by id")).toEqual([
      { key: "a" },
      { key: "b" },
      { key: "a" },
    ]);
  });

  test("a handler that fails leaves no write and no event, and parks its key only", async () => {
    let fails = true;
    await using host = await hosting([
      subscription(
        report,
        "count",
        {
          "bank.Booked": async ({ event: { id, data }, tx }) => {
            await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
            tx.publish(Counted, { account: data.account });
            if (fails && data.account === "bad") throw new Error("out of luck");
          },
        },
        { attemptsMax: 100, backoffMs: 1, backoffMaxMs: 1 },
      ),
    ]);
    await book(host, "bad", "good", "bad");
    await countedAre(1);
    expect(await counted()).toEqual([{ account: "good" }]);
    expect(await rows(database.admin, "select key from report._outbox")).toEqual([{ key: "good" }]);
    fails = false;
    await countedAre(3);
    expect(await rows(database.admin, "select key from report._outbox order by id")).toEqual([
      { key: "good" },
      { key: "bad" },
      { key: "bad" },
    ]);
  });

  test.each([
    [
      "a version that nobody here knows",
      { version: "2.0.0", data: '{"account":"bad","amount":1}' },
      "EVENT_VERSION_UNKNOWN",
    ],
    ["a payload that breaks the contract", { data: '{"account":"bad","amount":"a lot"}' }, "CONTRACT_VIOLATED"],
    ["a payload of another kind", { data: "[]" }, "CONTRACT_VIOLATED"],
  ])("an event with %s is parked, and no other key waits for it", async (_, event, code) => {
    await using host = await hosting([counting(twice)]);
    await forge({ key: "bad", ...event });
    await book(host, "good");
    await countedAre(1);
    await isDead("bad");
    expect(await counted()).toEqual([{ account: "good" }]);
    const [letter] = await rows(database.admin, "select error from report._parked");
    expect(letter).toMatchObject({ error: expect.stringContaining(`${code}: `) });
  });

  test("an event that a handler publishes though it is not declared parks the key", async () => {
    await using host = await hosting([
      subscription(
        report,
        "count",
        {
          "bank.Booked": async ({ tx }) => {
            tx.publish(Booked as never, { account: "a", amount: 1 } as never);
          },
        },
        twice,
      ),
    ]);
    await book(host, "a");
    await isDead("a");
    const [letter] = await rows(database.admin, "select error from report._parked");
    expect(letter).toMatchObject({ error: expect.stringContaining("NOT_DECLARED: ") });
  });

  test("a handler that takes too long is ended, and its key parked", async () => {
    const aborted = Promise.withResolvers<void>();
    await using host = await hosting([
      subscription(
        report,
        "count",
        {
          "bank.Booked": async ({ event: { id, data }, tx, signal }) => {
            await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
            if (data.account !== "slow") return;
            signal.addEventListener("abort", () => aborted.resolve());
            await new Promise(() => undefined);
          },
        },
        { ...twice, timeoutMs: 100 },
      ),
    ]);
    await book(host, "slow", "fast");
    await aborted.promise;
    await isDead("slow");
    await countedAre(1);
    expect(await counted()).toEqual([{ account: "fast" }]);
    const [letter] = await rows(database.admin, "select error from report._parked");
    expect(letter).toMatchObject({ error: expect.stringContaining("HANDLER_TIMED_OUT: ") });
  });
});

describe("many at once", () => {
  test("a batch has one transaction; where it fails, only the key of the event that failed is parked", async () => {
    const sizes: number[] = [];
    await using writing = await hosting([]);
    await book(writing, "a", "bad", "b", "c");
    await writing[Symbol.asyncDispose]();
    await using _host = await hosting([
      batchSubscription(
        report,
        "count",
        ["bank.Booked"],
        async ({ events, tx }) => {
          sizes.push(events.length);
          for (const { id, data } of events) {
            await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
          }
          if (events.some(({ data }) => data.account === "bad")) throw new Error("out of luck");
        },
        twice,
      ),
    ]);
    await isDead("bad");
    await countedAre(3);
    expect(await counted()).toEqual([{ account: "a" }, { account: "b" }, { account: "c" }]);
    expect(sizes[0]).toBe(4);
  });

  test("an event that cannot be read parks its key only", async () => {
    await using host = await hosting([
      batchSubscription(
        report,
        "count",
        ["bank.Booked"],
        async ({ events, tx }) => {
          for (const { id, data } of events)
            await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
        },
        twice,
      ),
    ]);
    await forge({ key: "bad", data: '{"account":1}' });
    await book(host, "a", "b");
    await isDead("bad");
    await countedAre(2);
  });
});

describe("outside the database", () => {
  test("every attempt at an event has the same key, and each event another one", async () => {
    const keys = new Map<string, string[]>();
    const done = Promise.withResolvers<void>();
    await using host = await hosting([
      outsideSubscription(
        report,
        "tell",
        {
          "bank.Booked": async ({ event, key, call }) => {
            const { account } = event.data;
            keys.set(account, [...(keys.get(account) ?? []), key]);
            if (account === "a" && keys.get("a")?.length !== 3) throw new Error("out of luck");
            const answer = await call(Bank).balance({ account });
            if (answer.ok && keys.size === 2 && keys.get("a")?.length === 3) done.resolve();
          },
        },
        { attemptsMax: 5, backoffMs: 1, backoffMaxMs: 1 },
      ),
    ]);
    await book(host, "a", "b");
    await done.promise;
    const [ofA, ofB] = [keys.get("a") ?? [], keys.get("b") ?? []];
    expect(ofA).toHaveLength(3);
    expect(new Set(ofA).size).toBe(1);
    expect(ofB).toHaveLength(1);
    expect(ofB[0]).not.toBe(ofA[0]);
    const [first] = await rows(database.admin, "select event_id from bank._outbox where key = 'a'");
    expect(ofA[0]).toBe(`report.tell:${(first as { event_id: string }).event_id}`);
    await until(async () => (await parked()).length === 0, "nothing is parked any more");
  });

  test("its calls end with it", async () => {
    const reason = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    await using host = await hostOn(database, [
      bankWith({
        balance: async ({ signal }) => {
          asked.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          reason.resolve(signal.reason);
          return { balance: 0 };
        },
      }),
      reportWith({
        subscriptions: [
          outsideSubscription(
            report,
            "tell",
            {
              "bank.Booked": async ({ call }) =>
                void (await call(Bank).balance({ account: "a" }, { deadlineMs: 60_000 })),
            },
            { ...twice, timeoutMs: 200 },
          ),
        ],
      }),
    ]);
    await book(host, "a");
    await asked.promise;
    expect(await reason.promise).toBeDefined();
    await isDead("a");
  });
});

test("what goes wrong is logged with the domain, the subscription and the error itself", async () => {
  const lines: { readonly message: string; readonly fields: LogFields }[] = [];
  const note = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  await using host = await hosting([counting(twice)], logger);
  await forge({ key: "bad", version: "7.0.0", data: "{}" });
  await book(host, "good");
  await isDead("bad");
  const found = lines.filter(({ fields }) => fields["subscription"] === "count" && fields["error"] !== undefined);
  expect(found[0]?.fields).toMatchObject({
    domain: "report",
    subscription: "count",
    error: { code: "EVENT_VERSION_UNKNOWN" },
  });
});
