import { retryDeadLetter } from "@polder/bus";
import { writePosition } from "@polder/model";
import type { Database } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FreshnessAsked } from "../src/index.ts";
import { about, type Market, openMarket, type Published, provisionMarket, writeEntries } from "./market.ts";

let server: TestServer;
let database: TestDatabase;
let market: Market;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  await provisionMarket(database);
  market = await openMarket(database);
});
afterEach(async () => {
  await market[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const { signal } = new AbortController();
const list = { api: "ledger", operation: "list", waitMs: 20_000, signal };
const shortly = { waitMs: 150 };

/** Asks for what is not older than these positions. */
function reached(
  positions: string | readonly string[],
  more: Partial<FreshnessAsked> = {},
  on: Market = market,
): Promise<void> {
  return on.freshness.reached({ ...list, notBefore: [positions].flat(), ...more });
}

const behind = (more: object) => ({
  code: "READ_MODEL_BEHIND",
  details: { behind: { readModel: "entries", publisher: "sales", parkedEvents: 0, ...more } },
});

describe("a query waits", () => {
  test("until the copy has what was published, and is then answered", async () => {
    const { position, ids } = await market.publish(about("a"));
    const waiting = reached(position).then(() => market.found(ids));
    await expect(reached(position, shortly)).rejects.toMatchObject(behind({}));
    market.startRelay("sales");
    await expect(reached(position, shortly)).rejects.toMatchObject(behind({ lagEvents: 1 }));
    await market.subscribe();
    expect(await waiting).toEqual(ids);
    await reached(position, { waitMs: 5_000 });
  });

  test("for several positions, of several domains", async () => {
    await market.subscribe();
    const sold = await market.publish(about("a"), about("b"));
    const counted = await market.publish(about("a", "stock.Counted"));
    const ids = [...sold.ids, ...counted.ids];
    const waiting = reached([sold.position, counted.position]).then(() => market.found(ids));
    market.startRelay("sales");
    await reached(sold.position);
    await expect(reached([sold.position, counted.position], shortly)).rejects.toMatchObject(
      behind({ publisher: "stock" }),
    );
    market.startRelay("stock");
    expect(new Set(await waiting)).toEqual(new Set(ids));
  });

  test("for what commits late, and not for what has not committed", async () => {
    market.startRelay("sales");
    await market.subscribe();
    const open = await market.begin(about("slow"));
    const fast = await market.publish(about("fast"));
    await reached(fast.position);
    const slow = await open.commit();
    await reached(slow.position);
    expect(await market.found(slow.ids)).toEqual(slow.ids);
  });

  test("whichever of several processes has the keys", async () => {
    market.startRelay("sales");
    await market.subscribe();
    await market.subscribe();
    const shared =
      "select count(distinct owner)::int = 2 as shared from ledger._checkpoint where publisher = 'sales' and lease_until > now()";
    await until(
      async () => (await market.ledger.query<{ shared: boolean }>(shared)).rows[0]?.shared === true,
      "both processes hold a part",
    );
    for (let round = 0; round < 20; round += 1) {
      const articles = Array.from({ length: 1 + (round % 4) }, (_, n) => about(`article ${round} ${n}`));
      const { position, ids } = await market.publish(...articles);
      await reached(position);
      expect(await market.found(ids)).toHaveLength(ids.length);
    }
  });

  test("for none", async () => {
    const returned = await market.publish(about("a", "sales.Returned"));
    const sold = await market.publish(about("a"));
    const other = writePosition({ publisher: "weather", deployment: "0123456789abcdef", xid: "1" });
    // Nothing runs that could bring the copy forward.
    await reached(returned.position);
    await reached(other);
    await reached(sold.position, { reads: [] });
    await reached(sold.position, { reads: ["another"] });
    await expect(reached(sold.position, { reads: ["entries"], ...shortly })).rejects.toMatchObject(behind({}));
  });
});

describe("an event that could not be handled", () => {
  const failing = async (fails: () => boolean, attemptsMax = 100): Promise<void> => {
    market.startRelay("sales");
    await market.subscribe({
      options: { attemptsMax, backoffMs: 20, backoffMaxMs: 20 },
      handle: async (events, transaction, stopped) => {
        if (events.some(({ key }) => key === "bad") && fails()) throw new Error("out of luck");
        return await writeEntries(events, transaction, stopped);
      },
    });
  };

  test("is waited for by those who want its key, and by nobody else", async () => {
    let fails = true;
    await failing(() => fails);
    const bad = await market.publish(about("bad"));
    const behindIt = await market.publish(about("bad"), about("good"));
    const good = await market.publish(about("good"));
    await reached(good.position);
    expect(await market.found(good.ids)).toEqual(good.ids);
    const waiting = reached([bad.position, behindIt.position]);
    await expect(reached(bad.position, shortly)).rejects.toMatchObject(behind({ lagEvents: 0, parkedEvents: 1 }));
    await expect(reached(behindIt.position, shortly)).rejects.toMatchObject(behind({ lagEvents: 0, parkedEvents: 2 }));
    fails = false;
    await waiting;
    const ids = [...bad.ids, ...behindIt.ids];
    expect(new Set(await market.found(ids))).toEqual(new Set(ids));
  });

  test("and was given up, is said at once, until somebody has seen to it", async () => {
    let fails = true;
    await failing(() => fails, 1);
    const bad = await market.publish(about("bad"));
    const later = await market.publish(about("bad"));
    const good = await market.publish(about("good"));
    // They wait for 20 seconds at most, and the test would be over then.
    await expect(reached(bad.position)).rejects.toMatchObject(behind({ lagEvents: 0, parkedEvents: 1 }));
    await expect(reached(later.position)).rejects.toMatchObject({
      ...behind({ lagEvents: 0, parkedEvents: 2 }),
      message: expect.stringContaining("polder dead-letters"),
    });
    await reached(good.position);
    fails = false;
    const { rows } = await market.ledger.query<{ seq: string }>("select seq from _parked where state = 'dead'");
    const letter = { domain: "ledger", subscription: "read-model-entries-v1", publisher: "sales" };
    await retryDeadLetter(market.ledger, { ...letter, seq: rows[0]?.seq ?? "" });
    await until(async () => (await market.found(later.ids)).length === 1, "the key goes on");
    await reached([bad.position, later.position]);
  });
});

test("a position of all since a moment: what was given up before it keeps nobody waiting", async () => {
  market.startRelay("sales");
  await market.subscribe({
    options: { attemptsMax: 1 },
    handle: async (events, transaction, stopped) => {
      if (events.some(({ key }) => key === "bad")) throw new Error("out of luck");
      return await writeEntries(events, transaction, stopped);
    },
  });
  const clock = async () =>
    (await market.ledger.query<{ at: Date }>("select clock_timestamp() as at")).rows[0]?.at as Date;
  const before = await clock();
  await market.publish(about("bad"));
  await until(
    async () => (await market.ledger.query("select from _parked where state = 'dead'")).rowCount === 1,
    "it is given up",
  );
  const after = await clock();
  const { ids } = await market.publish(about("good"));
  await reached(await market.salesSince(after));
  expect(await market.found(ids)).toEqual(ids);
  await expect(reached(await market.salesSince(before))).rejects.toMatchObject(behind({ parkedEvents: 1 }));
});

describe("POSITION_INVALID", () => {
  test("at once for positions of another database, and of transactions to come: all of them", async () => {
    await using other = await server.database();
    await provisionMarket(other);
    await using elsewhere = await openMarket(other);
    const foreign = await elsewhere.publish(about("a"));
    const { position } = await market.publish(about("a"));
    const ahead = forged(position, { xid: "999999999999" });
    await expect(reached([foreign.position, position, ahead])).rejects.toMatchObject({
      code: "POSITION_INVALID",
      details: {
        api: "ledger",
        operation: "list",
        violations: [
          { pointer: "/notBefore/0", problem: expect.stringContaining("another database") },
          { pointer: "/notBefore/2", problem: expect.stringContaining("has not begun") },
        ],
      },
    });
  });

  test("in a database that was restored elsewhere, for what comes from before", async () => {
    const { position } = await market.publish(about("a"));
    market.startRelay("sales");
    await market.subscribe();
    await reached(position);
    const moved = forged(position, { deployment: "fedcba9876543210" });
    await expect(reached(moved)).rejects.toMatchObject({ code: "POSITION_INVALID" });
  });

  test("not for one that is forged and could be: it is answered or waits, and nothing else", async () => {
    market.startRelay("sales");
    await market.subscribe();
    const { position } = await market.publish(about("a"));
    await reached(forged(position, { xid: "3" }));
    await reached(forged(position, { last: "00000000-0000-4000-8000-000000000000" }));
    await reached(forged(position, { keys: "AAAAAAAA" }));
  });
});

/** A position with something else in it. */
function forged(position: string, change: object): string {
  const written = JSON.parse(Buffer.from(position, "base64url").toString()) as object;
  return Buffer.from(JSON.stringify({ ...written, ...change })).toString("base64url");
}

test("who no longer waits for the answer waits for nothing", async () => {
  const { position } = await market.publish(about("a"));
  const controller = new AbortController();
  const waiting = reached(position, { signal: controller.signal });
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  await expect(reached(position, { signal: controller.signal })).rejects.toThrow("gone");
});

test("a right that is missing is no matter of waiting", async () => {
  const { position } = await market.publish(about("a"));
  await database.admin.query("delete from polder.consumer");
  await expect(reached(position)).rejects.toMatchObject({ code: "42501" });
});

test("connections that break while a query waits do not end it", async () => {
  await market.subscribe();
  const { position, ids } = await market.publish(about("a"));
  const waiting = reached(position);
  await expect(reached(position, shortly)).rejects.toMatchObject(behind({}));
  await database.admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'ledger_app'",
  );
  market.startRelay("sales");
  await waiting;
  expect(await market.found(ids)).toEqual(ids);
});

test("1,000 queries that wait share their looks", async () => {
  let [looks, asked] = [0, 0];
  const counting = (ledger: Database): Database => ({
    ...ledger,
    query: async (text, values = []) => {
      looks += 1;
      asked += (JSON.parse(String(values.at(-1))) as readonly unknown[]).length;
      return await ledger.query(text, values);
    },
  });
  await using crowd = await openMarket(database, counting);
  const published: Published[] = [];
  for (let n = 0; n < 100; n += 1) published.push(await crowd.publish(about(`article ${n}`)));
  const beganMs = performance.now();
  const waiting = Array.from({ length: 1_000 }, (_, n) => reached(published[n % 100]?.position ?? "", {}, crowd));
  await until(() => asked >= 5_000, "each of them has been looked for several times");
  crowd.startRelay("sales");
  await crowd.subscribe();
  await Promise.all(waiting);
  expect(await crowd.found(published.flatMap(({ ids }) => ids))).toHaveLength(100);
  // Two looks at least are needed for all, and there is one at a time, with a pause before the next.
  expect(asked / looks).toBeGreaterThan(50);
  expect(looks).toBeLessThan((performance.now() - beganMs) / 2);
});
