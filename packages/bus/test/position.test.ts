import type { Position } from "@polder/model";
import { type Database, homeOf, type OutboxEvent, openDatabase, outboxInsert, publishedXid } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  deploymentOf,
  type LocatedPosition,
  locatePositions,
  type Progress,
  positionOf,
  positionOfNow,
  subscriptionProgress,
  type WantedProgress,
} from "../src/index.ts";
import { partOf } from "../src/subscription/parking.ts";
import {
  ledgerSubscription,
  openWholesale,
  provisionWholesale,
  sold,
  type Wholesale,
  writeEntries,
} from "./wholesale.ts";

let server: TestServer;
let database: TestDatabase;
let wholesale: Wholesale;
let deployment: string;

// A server of its own: transactions stay open here, and transactions of other tests must not count.
beforeAll(async () => {
  server = await testServer({ own: "position" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  await provisionWholesale(database);
  wholesale = openWholesale(database);
  // The tests move events themselves.
  await wholesale.relay.stop();
  await relay();
  deployment = await deploymentOf(wholesale.sales);
});
afterEach(async () => {
  await wholesale[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** One step of the relay. */
async function relay(eventsMax = 1_000): Promise<void> {
  await database.admin.query("select polder.relay_sales($1)", [eventsMax]);
}

/** Publishes events in one transaction, and gives its position. */
async function publish(...events: readonly OutboxEvent[]): Promise<Position> {
  const [inserted] = await wholesale.sales.begin().commit([outboxInsert("sales", events)]);
  return { ...positionOf({ publisher: "sales", deployment }, events), xid: publishedXid(inserted) };
}

const all = ["sales.Sold", "sales.Returned"];

async function locate(position: Position, events: readonly string[] = all): Promise<LocatedPosition | undefined> {
  return (await locatePositions(wholesale.ledger, "sales", [{ position, events }]))[0];
}

const now = async (): Promise<Position> =>
  await positionOfNow(wholesale.sales, { publisher: "sales", deployment }, new Date(0));
const waiting = { state: "waiting" };
const logged = (floor: bigint, ...parts: readonly (readonly [article: string, seq: number])[]) => ({
  state: "logged",
  wanted: expect.objectContaining({
    floor,
    ofParts: new Map(parts.map(([article, seq]) => [partOf(article), BigInt(seq)])),
  }),
});

describe("a position", () => {
  test("names what was published by fingerprints, and its last event", async () => {
    const events = [sold("a", 1), sold("b", 2), sold("a", 3, "sales.Returned")];
    expect(await publish(...events)).toEqual({
      publisher: "sales",
      deployment: expect.stringMatching(/^[0-9a-f]{16}$/),
      xid: expect.stringMatching(/^\d+$/),
      events: ["sales.Sold", "sales.Returned"],
      last: events[2]?.id,
      keys: [expect.any(String), expect.any(String)],
    });
  });

  test("with too many keys speaks of any", async () => {
    const keys = (count: number) => Array.from({ length: count }, (_, n) => sold(`a${n}`, n));
    expect((await publish(...keys(32))).keys).toHaveLength(32);
    expect(await publish(...keys(33))).not.toHaveProperty("keys");
  });
});

describe("the events of a transaction", () => {
  test("wait for the relay, and are then at the position of the last that is wanted", async () => {
    const earlier = await publish(sold("a", 1));
    const later = await publish(sold("b", 1), sold("a", 2), sold("b", 2, "sales.Returned"));
    expect([await locate(earlier), await locate(later)]).toEqual([waiting, waiting]);
    await relay();
    await publish(sold("b", 3));
    await relay();
    expect([await locate(earlier), await locate(later)]).toEqual([
      logged(0n, ["a", 1]),
      logged(0n, ["b", 4], ["a", 3]),
    ]);
    expect(await locate(later, ["sales.Sold"])).toEqual(logged(0n, ["b", 2], ["a", 3]));
    expect(await locate({ ...later, keys: earlier.keys ?? [] })).toEqual(logged(0n, ["a", 3]));
  });

  test("are found by many at once, in the order in which they are asked for", async () => {
    const positions: Position[] = [];
    for (let n = 1; n <= 5; n += 1) positions.unshift(await publish(sold(`a${n}`, n)));
    await relay();
    const asked = positions.map((position) => ({ position, events: all }));
    expect(await locatePositions(wholesale.ledger, "sales", asked)).toEqual(
      [5, 4, 3, 2, 1].map((n) => logged(0n, [`a${n}`, n])),
    );
  });

  test("that commit out of order are found by their own commits", async () => {
    const slow = wholesale.sales.begin();
    const event = sold("slow", 1);
    const xid = publishedXid(await slow.run(outboxInsert("sales", [event])));
    const position = { ...positionOf({ publisher: "sales", deployment }, [event]), xid };
    const fast = await publish(sold("fast", 1));
    await relay();
    expect([await locate(fast), await locate(position)]).toEqual([logged(0n, ["fast", 1]), waiting]);
    await slow.commit();
    expect(await locate(position)).toEqual(waiting);
    await relay();
    expect(await locate(position)).toEqual(logged(0n, ["slow", 2]));
  });

  test("of a backlog are found as soon as they have been moved, page by page", async () => {
    const positions: Position[] = [];
    for (let n = 1; n <= 5; n += 1) positions.push(await publish(sold("a", n)));
    const a = (seq: number) => logged(0n, ["a", seq]);
    const found = async () => await Promise.all(positions.map((position) => locate(position)));
    await relay(2);
    expect(await found()).toEqual([a(1), a(2), waiting, waiting, waiting]);
    await relay(2);
    expect(await found()).toEqual([a(1), a(2), a(3), a(4), waiting]);
    await relay(2);
    expect(await found()).toEqual([1, 2, 3, 4, 5].map(a));
  });

  test("that are no more among the newest are before those", async () => {
    const old = await publish(sold("old", 1));
    await publish(...Array.from({ length: 1_500 }, (_, n) => sold("a", n)));
    await relay(5_000);
    expect(await locate(old)).toEqual(logged(501n));
  });
});

describe("a position of now", () => {
  test("is reached while nothing is left to be moved, also where the relay has written nothing down", async () => {
    expect(await locate(await now())).toEqual(logged(0n));
    await publish(sold("a", 1), sold("a", 2, "sales.Returned"));
    await relay();
    await relay();
    expect(await locate(await now())).toEqual(logged(0n, ["a", 2]));
    expect(await locate(await now(), ["sales.Sold"])).toEqual(logged(0n, ["a", 1]));
  });

  test("waits for what was published before it", async () => {
    await publish(sold("a", 1));
    const position = await now();
    expect(await locate(position)).toEqual(waiting);
    await relay();
    await publish(sold("a", 2));
    expect(await locate(position)).toEqual(logged(0n, ["a", 1]));
  });

  test("does not wait for a transaction that has not committed by then", async () => {
    const open = wholesale.sales.begin();
    await open.run(outboxInsert("sales", [sold("a", 1)]));
    expect(await locate(await now())).toEqual(logged(0n));
    await open.rollback();
  });
});

describe("no position of this database", () => {
  test("is one of a transaction that has not begun yet: it is ahead", async () => {
    const { xid, ...rest } = await now();
    expect(await locate({ ...rest, xid: String(BigInt(xid) + 1_000n) })).toEqual({ state: "ahead" });
    expect(await locate({ ...rest, xid: String(2n ** 64n - 1n) })).toEqual({ state: "ahead" });
  });

  test("is one of a copy of it: that is foreign", async () => {
    const position = await publish(sold("a", 1));
    await relay();
    await wholesale[Symbol.asyncDispose]();
    const { address } = database;
    await database.admin.close();
    await using root = openDatabase({ ...address, database: "postgres" });
    const copy = `${address.database}_copy`;
    await root.query(`create database ${copy} template ${address.database}`);
    const open = (): Database => openDatabase({ ...database.appAddress("ledger"), database: copy });
    try {
      await using inCopy = open();
      const [located] = await locatePositions(inCopy, "sales", [{ position, events: all }]);
      expect(located).toEqual({ state: "foreign" });
      expect(await deploymentOf(inCopy)).not.toBe(deployment);
    } finally {
      await root.query(`drop database ${copy} with (force)`);
    }
  });

  test("is one of another server: that is foreign", async () => {
    await using elsewhere = await testServer();
    await using other = await elsewhere.database();
    await provisionWholesale(other);
    await using app = other.openAs(homeOf("sales"));
    const foreign = { ...(await now()), deployment: await deploymentOf(app) };
    expect(await locate(foreign)).toEqual({ state: "foreign" });
  });
});

test("in a restored database nothing is found before the relay has adopted it", async () => {
  const position = await publish(sold("a", 1));
  // As a dump from a cluster that has seen many more transactions leaves it.
  await database.admin.query(
    "update polder.relay set system_identifier = 'another', lo = '900000000:900000000:' where domain = 'sales'",
  );
  expect([await locate(position), await locate(await now())]).toEqual([waiting, waiting]);
  await database.admin.query("select polder.adopt_sales()");
  expect([await locate(position), await locate(await now())]).toEqual([logged(0n, ["a", 1]), logged(0n, ["a", 1])]);
});

test("whoever does not need a domain's events may not ask for its positions", async () => {
  const asked = [{ position: await now(), events: all }];
  await expect(locatePositions(wholesale.sales, "sales", asked)).rejects.toMatchObject({ code: "42501" });
});

describe("a subscription", () => {
  const stream = { consumer: "ledger", subscription: "write-down", publisher: "sales" };

  async function progress(...wanted: readonly WantedProgress[]): Promise<readonly Progress[]> {
    return await subscriptionProgress(wholesale.ledger, stream, wanted);
  }

  /** One position for all parts. */
  const upTo = (seq: bigint, more: Pick<WantedProgress, "keys" | "since"> = {}): WantedProgress => ({
    floor: seq,
    ofParts: new Map(),
    ...more,
  });
  const keysOf = async (article: string): Promise<readonly string[]> =>
    positionOf({ publisher: "sales", deployment }, [sold(article, 0)]).keys ?? [];

  test("that has never run has come nowhere", async () => {
    expect(await progress(upTo(3n), upTo(1n, { keys: await keysOf("a") }), upTo(0n))).toEqual([
      { lag: 3n, parked: 0, dead: 0 },
      { lag: 1n, parked: 0, dead: 0 },
      { lag: 0n, parked: 0, dead: 0 },
    ]);
  });

  test("has come as far as the ranges that hold the keys", async () => {
    const ranges = [
      [0, 31, 10],
      [32, 63, 20],
    ];
    for (const [lo, hi, seq] of ranges)
      await database.admin.query(
        "insert into ledger._checkpoint (subscription, publisher, part_lo, part_hi, seq) values ('write-down', 'sales', $1, $2, $3)",
        [lo, hi, seq],
      );
    const { rows } = await database.admin.query<{ low: string; high: string }>(
      `select min(a) filter (where part < 32) as low, min(a) filter (where part >= 32) as high
from (select a::text, get_byte(sha256(convert_to(a::text, 'UTF8')), 0) & 63 as part from generate_series(1, 100) as a) as article`,
    );
    const [inLow, inHigh] = [rows[0]?.low ?? "", rows[0]?.high ?? ""];
    const [low, high] = await Promise.all([keysOf(inLow), keysOf(inHigh)]);
    const lags = async (...wanted: readonly WantedProgress[]) => (await progress(...wanted)).map(({ lag }) => lag);
    const keys = [...high, ...low];
    expect(await lags(upTo(15n, { keys: low }), upTo(15n, { keys: high }), upTo(15n, { keys }), upTo(15n))).toEqual([
      5n,
      0n,
      5n,
      5n,
    ]);
    expect(await lags(upTo(10n, { keys: low }), upTo(21n, { keys: high }))).toEqual([0n, 1n]);
    // Each range is asked for what is in its own parts.
    const ofParts = new Map([
      [partOf(inLow), 9n],
      [partOf(inHigh), 20n],
    ]);
    expect(await lags({ floor: 0n, ofParts }, { floor: 0n, ofParts, keys }, { floor: 12n, ofParts })).toEqual([
      0n,
      0n,
      2n,
    ]);
  });

  test("tells what it has parked of these keys, up to there, and since then", async () => {
    await publish(sold("bad", 1), sold("good", 2), sold("bad", 3));
    await relay();
    await wholesale.subscribe({
      subscription: ledgerSubscription({ options: { attemptsMax: 1 } }),
      handle: async (events, transaction, signal) => {
        if (events.some(({ key }) => key === "bad")) throw new Error("out of luck");
        return await writeEntries(events, transaction, signal);
      },
    });
    await until(async () => (await progress(upTo(3n)))[0]?.lag === 0n, "all has been looked at");
    const bad = await keysOf("bad");
    const good = await keysOf("good");
    expect(
      await progress(upTo(3n, { keys: bad }), upTo(2n, { keys: bad }), upTo(3n, { keys: good }), upTo(3n)),
    ).toEqual([
      { lag: 0n, parked: 2, dead: 1 },
      { lag: 0n, parked: 1, dead: 1 },
      { lag: 0n, parked: 0, dead: 0 },
      { lag: 0n, parked: 2, dead: 1 },
    ]);
    const { rows } = await database.admin.query<{ at: Date }>("select now() as at");
    const since = (rows[0]?.at ?? new Date()).getTime();
    expect(await progress(upTo(3n, { since }), upTo(3n, { since: since - 60_000 }))).toMatchObject([
      { parked: 0 },
      { parked: 2 },
    ]);
  });
});
