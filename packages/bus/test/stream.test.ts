import { randomUUID } from "node:crypto";
import { isPolderError, type LogFields, silentLogger } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  browseEvents,
  discardDeadLetter,
  findEvent,
  type HandleEvents,
  listDeadLetters,
  logHead,
  postgresSource,
  replay,
  retryDeadLetter,
  type SubscriptionStatus,
  subscriptionStatus,
} from "../src/index.ts";
import {
  ledgerSubscription,
  openWholesale,
  publish,
  sold,
  type Wholesale,
  wholesaleHomes,
  writeEntries,
} from "./wholesale.ts";

let server: TestServer;
let database: TestDatabase;
let wholesale: Wholesale;

beforeAll(async () => {
  server = await testServer();
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

async function entered(count: number) {
  await until(async () => (await wholesale.entries()).length >= count, `${count} entries are written`);
  return await wholesale.entries();
}

async function sell(...sales: readonly (readonly [article: string, n: number])[]): Promise<void> {
  for (const [article, n] of sales) await publish(wholesale.sales, sold(article, n));
  wholesale.relay.wake();
}

async function status(): Promise<SubscriptionStatus | undefined> {
  return (await subscriptionStatus(database.admin, "ledger", (publisher) => logHead(database.admin, publisher)))[0];
}

const stream = { consumer: "ledger", subscription: "write-down", publisher: "sales" };
const quick = { backoffMs: 1, backoffMaxMs: 2 };

/** A handler that fails for some events as long as the test says so. */
function failing(shouldFail: (n: number) => boolean): HandleEvents {
  return async (events, transaction, signal) => {
    for (const { data } of events) {
      const { n } = JSON.parse(data) as { n: number };
      if (shouldFail(n)) throw new Error(`no room for ${n}`);
    }
    return await writeEntries(events, transaction, signal);
  };
}

test("every event takes effect once, in order, and the lag is exact", async () => {
  await sell(["a", 1], ["b", 2], ["a", 3]);
  await wholesale.subscribe();
  expect((await entered(3)).map(({ n }) => n)).toEqual([1, 2, 3]);
  await sell(["a", 4]);
  await entered(4);
  await until(async () => (await status())?.lag === 0, "the lag is 0");
  expect(await status()).toMatchObject({
    subscription: "write-down",
    publisher: "sales",
    seq: "4",
    lag: 0,
    parked: 0,
    dead: 0,
    owners: 1,
  });
});

test("events that do not concern it move its checkpoint all the same", async () => {
  await wholesale.subscribe();
  await publish(wholesale.sales, sold("a", 1, "sales.Returned"), sold("a", 2, "sales.Returned"));
  wholesale.relay.wake();
  await until(async () => (await status())?.seq === "2", "the checkpoint has moved");
  expect(await wholesale.entries()).toEqual([]);
});

test("a subscription from now on gets nothing of the past", async () => {
  await sell(["a", 1]);
  await until(async () => (await logHead(database.admin, "sales")) === 1n, "the first event is logged");
  await wholesale.subscribe({ subscription: ledgerSubscription({ options: { from: "now" } }) });
  await until(async () => (await status()) !== undefined, "the subscription is there");
  await sell(["a", 2]);
  expect((await entered(1)).map(({ n }) => n)).toEqual([2]);
});

describe("an event whose handler fails", () => {
  test("makes its own key wait, in order, and no other", async () => {
    let isBroken = true;
    await wholesale.subscribe({
      subscription: ledgerSubscription({ options: quick }),
      handle: failing((n) => isBroken && n === 1),
    });
    await sell(["poison", 1], ["well", 2], ["poison", 3], ["well", 4], ["poison", 5]);
    expect((await entered(2)).map(({ n }) => n)).toEqual([2, 4]);
    isBroken = false;
    expect((await entered(5)).filter(({ article }) => article === "poison").map(({ n }) => n)).toEqual([1, 3, 5]);
    await sell(["poison", 6]);
    expect((await entered(6)).at(-1)).toMatchObject({ n: 6 });
    await until(async () => (await status())?.parked === 0, "nothing is parked any more");
  });

  test("becomes a dead letter after its last attempt; then it is retried, edited or discarded", async () => {
    await wholesale.subscribe({
      subscription: ledgerSubscription({ options: { ...quick, attemptsMax: 3 } }),
      handle: failing((n) => n < 100),
    });
    await sell(["a", 1], ["b", 2], ["a", 101], ["b", 102], ["c", 103]);
    await until(async () => (await status())?.dead === 2, "both are dead letters");
    const letters = await listDeadLetters(database.admin, "ledger");
    expect(letters).toMatchObject([
      {
        subscription: "write-down",
        publisher: "sales",
        key: "a",
        state: "dead",
        attempts: 3,
        waiting: 1,
        error: expect.stringContaining("no room for 1"),
      },
      { subscription: "write-down", publisher: "sales", key: "b", state: "dead", attempts: 3, waiting: 1 },
    ]);
    const [a, b] = letters;
    if (a === undefined || b === undefined) throw new Error("two letters were expected");
    await retryDeadLetter(database.admin, a, { data: { article: "a", n: 100 } });
    await discardDeadLetter(database.admin, b);
    const rows = await entered(4);
    expect(rows.filter(({ article }) => article === "a").map(({ n }) => n)).toEqual([100, 101]);
    expect(rows.filter(({ article }) => article === "b").map(({ n }) => n)).toEqual([102]);
    await expect(retryDeadLetter(database.admin, a)).rejects.toMatchObject({ code: "DEAD_LETTER_UNKNOWN" });
  });

  test("is found by halves where a batch is handled at once", async () => {
    const subscription = ledgerSubscription({ mode: "batch", options: quick });
    let isBroken = true;
    await sell(...Array.from({ length: 40 }, (_, n): [string, number] => [`k${n % 4}`, n]));
    await wholesale.subscribe({ subscription, handle: failing((n) => isBroken && n === 17) });
    await until(async () => (await wholesale.entries()).length >= 34, "all but one key's later events are written");
    isBroken = false;
    const rows = await entered(40);
    for (let key = 0; key < 4; key += 1) {
      const ofKey = rows.filter(({ article }) => article === `k${key}`).map(({ n }) => n);
      expect(ofKey).toEqual([...ofKey].sort((x, y) => x - y));
    }
  });

  test("by hanging is ended: HANDLER_TIMED_OUT, nothing of it is kept, the other keys go on", async () => {
    let hangs = true;
    const handle: HandleEvents = async (events, transaction, signal) => {
      const result = await writeEntries(events, transaction, signal);
      if (hangs && events[0]?.key === "hang") await new Promise(() => undefined);
      return result;
    };
    await wholesale.subscribe({ subscription: ledgerSubscription({ options: { ...quick, timeoutMs: 200 } }), handle });
    await sell(["hang", 1], ["well", 2]);
    expect((await entered(1)).map(({ n }) => n)).toEqual([2]);
    await until(
      async () => (await listDeadLetters(database.admin, "ledger", { all: true })).length === 1,
      "it is parked",
    );
    expect((await listDeadLetters(database.admin, "ledger", { all: true }))[0]?.error).toContain("HANDLER_TIMED_OUT");
    hangs = false;
    await entered(2);
  });
});

test("a deadlock or a lost connection is not the event's fault: it is repeated, not parked", async () => {
  let broken = 2;
  const handle: HandleEvents = async (events, transaction, signal) => {
    const result = await writeEntries(events, transaction, signal);
    if (broken > 0) {
      broken -= 1;
      await transaction?.query("select pg_terminate_backend(pg_backend_pid())");
    }
    return result;
  };
  await wholesale.subscribe({ handle });
  await sell(["a", 1], ["a", 2]);
  expect((await entered(2)).map(({ n }) => n)).toEqual([1, 2]);
  expect(await status()).toMatchObject({ parked: 0 });
});

describe("two processes", () => {
  test("share a subscription: each handles its own keys, together all, in order", async () => {
    const handledBy = new Map<string, Set<string>>();
    const worker =
      (name: string): HandleEvents =>
      async (events, transaction, signal) => {
        for (const { key } of events) handledBy.set(name, (handledBy.get(name) ?? new Set()).add(key));
        return await writeEntries(events, transaction, signal);
      };
    await wholesale.subscribe({ handle: worker("one"), leaseMs: 600 });
    await wholesale.subscribe({ handle: worker("two"), leaseMs: 600 });
    await until(async () => (await status())?.owners === 2, "both hold a range");
    handledBy.clear();
    await sell(...Array.from({ length: 200 }, (_, n): [string, number] => [`k${n % 20}`, n]));
    const rows = await entered(200);
    expect(rows).toHaveLength(200);
    for (let key = 0; key < 20; key += 1) {
      const ofKey = rows.filter(({ article }) => article === `k${key}`).map(({ n }) => n);
      expect(ofKey).toEqual(Array.from({ length: 10 }, (_, index) => key + 20 * index));
    }
    expect(handledBy.size).toBe(2);
  });

  test("when one goes, the other takes over all of it and joins the ranges again", async () => {
    const one = await wholesale.subscribe({ leaseMs: 600 });
    await wholesale.subscribe({ leaseMs: 600 });
    await until(async () => (await status())?.owners === 2, "both hold a range");
    await one.stop();
    await sell(...Array.from({ length: 20 }, (_, n): [string, number] => [`k${n}`, n]));
    await entered(20);
    await until(async () => {
      const { rows } = await database.admin.query<{ ranges: number }>(
        "select count(*)::int as ranges from ledger._checkpoint",
      );
      return rows[0]?.ranges === 1 && (await status())?.owners === 1;
    }, "one process holds one range");
  });

  test("who has lost a lease cannot commit late: LEASE_LOST", async () => {
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<unknown>();
    let first = true;
    await wholesale.subscribe({
      leaseMs: 600,
      handle: async (events, transaction, signal) => {
        const result = await writeEntries(events, transaction, signal);
        if (first) {
          first = false;
          reached.resolve();
          await goOn.promise;
        }
        return result;
      },
      logger: {
        debug: () => undefined,
        info: () => undefined,
        error: () => undefined,
        warn: (_message, fields) => lost.resolve(fields?.["error"]),
      },
    });
    await sell(["a", 1]);
    await reached.promise;
    // Somebody else claims the range, as after a lease that ran out.
    await database.admin.query(
      "update ledger._checkpoint set epoch = epoch + 1, owner = $1, lease_until = now() + interval '1 second'",
      [randomUUID()],
    );
    goOn.resolve();
    await expect(lost.promise).resolves.toMatchObject({ code: "LEASE_LOST" });
    expect((await entered(1)).map(({ n }) => n)).toEqual([1]);
  });
});

describe("replay", () => {
  test("from a position or a time delivers all from there on once more, and drops what was parked of it", async () => {
    let isBroken = true;
    await wholesale.subscribe({
      subscription: ledgerSubscription({ options: { ...quick, attemptsMax: 1 } }),
      handle: failing((n) => isBroken && n === 2),
    });
    await sell(["a", 1], ["b", 2], ["c", 3]);
    await entered(2);
    await until(async () => (await status())?.dead === 1, "one is a dead letter");
    isBroken = false;
    const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
    expect(await replay(stream, { seq: 2n }, { database: wholesale.ledger, source })).toBe(1n);
    expect((await entered(4)).map(({ n }) => n)).toEqual([1, 3, 2, 3]);
    expect(await status()).toMatchObject({ dead: 0 });
    await replay(stream, { time: new Date(0) }, { database: wholesale.ledger, source });
    expect((await entered(7)).slice(4).map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  test("refuses positions that the log does not have, and subscriptions that never ran", async () => {
    await sell(["a", 1]);
    const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
    const parts = { database: wholesale.ledger, source };
    await until(async () => (await logHead(database.admin, "sales")) === 1n, "the event is logged");
    await expect(replay(stream, { seq: 5n }, parts)).rejects.toMatchObject({ code: "POSITION_UNAVAILABLE" });
    await expect(replay(stream, { seq: 0n }, parts)).rejects.toMatchObject({ code: "POSITION_UNAVAILABLE" });
    await expect(replay(stream, { seq: 1n }, parts)).rejects.toMatchObject({ code: "SUBSCRIPTION_UNKNOWN" });
  });
});

test("a log that was set back is not passed over: the subscription waits until it is replayed", async () => {
  const errors: unknown[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields?: LogFields) => void errors.push(fields?.["error"]) };
  await wholesale.subscribe({ logger });
  await sell(["a", 1], ["b", 2], ["c", 3]);
  await entered(3);
  await until(async () => (await status())?.lag === 0, "the lag is 0");
  // As after a restore of the publisher's database alone.
  await database.admin.query("delete from polder.log_sales where seq > 1");
  await database.admin.query("update polder.relay set seq = 1 where domain = 'sales'");
  await sell(["d", 4]);
  await until(() => errors.some((error) => isPolderError(error, "POSITION_UNAVAILABLE")), "it is said");
  expect((await wholesale.entries()).map(({ n }) => n)).toEqual([1, 2, 3]);
  const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
  await replay(stream, { seq: 2n }, { database: wholesale.ledger, source });
  expect((await entered(4)).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
});

test("a stop finishes the batch under way, keeps its effects, and begins nothing new", async () => {
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const running = await wholesale.subscribe({
    handle: async (events, transaction, signal) => {
      began.resolve();
      await goOn.promise;
      return await writeEntries(events, transaction, signal);
    },
  });
  await sell(["a", 1]);
  await began.promise;
  const stopped = running.stop();
  await sell(["a", 2]);
  goOn.resolve();
  await stopped;
  expect((await wholesale.entries()).map(({ n }) => n)).toEqual([1]);
  expect(await status()).toMatchObject({ seq: "1", owners: 0 });
});

test("events are browsed by position, type and key, and found by their id", async () => {
  await sell(["a", 1], ["b", 2], ["a", 3]);
  await until(async () => (await logHead(database.admin, "sales")) === 3n, "all are logged");
  const ofA = await browseEvents(database.admin, "sales", { key: "a" });
  expect(ofA).toMatchObject([{ publisher: "sales", seq: "1", data: { article: "a", n: 1 } }, { seq: "3" }]);
  expect(await browseEvents(database.admin, "sales", { after: 1n, eventsMax: 1 })).toMatchObject([{ seq: "2" }]);
  expect(await browseEvents(database.admin, "sales", { type: "sales.Returned" })).toEqual([]);
  expect(await findEvent(() => database.admin, ["sales"], ofA[0]?.id ?? "")).toMatchObject({ seq: "1" });
  expect(await findEvent(() => database.admin, ["sales"], randomUUID())).toBeUndefined();

  await sell(...Array.from({ length: 9 }, (_, n): [string, number] => ["c", n]));
  await until(async () => (await logHead(database.admin, "sales")) === 12n, "more are logged");
  // By number, not by letter: 12 comes after 9.
  const newest = await browseEvents(database.admin, "sales", { eventsMax: 3 });
  expect(newest.map(({ seq }) => seq)).toEqual(["10", "11", "12"]);
  const after = await browseEvents(database.admin, "sales", { after: 8n, eventsMax: 3 });
  expect(after.map(({ seq }) => seq)).toEqual(["9", "10", "11"]);
});
