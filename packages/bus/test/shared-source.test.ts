import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type EventSource, logHead, type Page, postgresSource, type ReadRequest, sharedSource } from "../src/index.ts";
import { eventSourceConformance } from "./event-source-conformance.ts";
import { openWholesale, publish, sold, subscriptionsOf, type Wholesale, wholesaleHomes } from "./wholesale.ts";

const both = ["sales.Returned", "sales.Sold"];

eventSourceConformance("PostgreSQL read by many", async () => {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await testServer());
  const database = stack.use(await server.database(wholesaleHomes));
  const wholesale = stack.use(openWholesale(database));
  let published = 0n;
  return {
    source: sharedSource({
      source: postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth }),
      events: both,
    }),
    publish: async (events) => {
      for (const { key, n, type } of events) await publish(wholesale.sales, sold(key, n, type));
      published += BigInt(events.length);
      wholesale.relay.wake();
      await until(async () => (await logHead(database.admin, "sales")) === published, "all are logged");
    },
    subscriptions: () => subscriptionsOf(database.admin),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

let server: TestServer;
let database: TestDatabase;
let wholesale: Wholesale;
/** What PostgreSQL was asked. */
let asked: ReadRequest[];
let shared: EventSource;
let counted: EventSource;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(wholesaleHomes);
  wholesale = openWholesale(database);
  asked = [];
  const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
  counted = {
    ...source,
    read: (request) => {
      asked.push(request);
      return source.read(request);
    },
  };
  shared = sharedSource({ source: counted, events: both, keptMs: Number.POSITIVE_INFINITY });
});
afterEach(async () => {
  await wholesale[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const all = { parts: { lo: 0, hi: 63 }, events: both, eventsMax: 500 };
const positions = ({ events }: Page): readonly number[] => events.map(({ seq }) => Number(seq));

/** Publishes, and waits until it is in the log and the readers have heard of it. */
async function log(...events: Parameters<typeof sold>[]): Promise<void> {
  const head = (await logHead(database.admin, "sales")) + BigInt(events.length);
  const heard = Promise.withResolvers<void>();
  const ignore = shared.onGrowth((grown) => {
    if (grown !== undefined && grown >= head) heard.resolve();
  });
  await publish(wholesale.sales, ...events.map((event) => sold(...event)));
  wholesale.relay.wake();
  await heard.promise;
  ignore();
}

test("those who ask for the same at the same time share one read", async () => {
  await log(["a", 1], ["b", 2]);
  const pages = await Promise.all(Array.from({ length: 16 }, () => shared.read({ ...all, after: 0n })));
  expect(pages.map(positions)).toEqual(Array.from({ length: 16 }, () => [1, 2]));
  expect(asked).toHaveLength(1);
});

test("who comes a little later gets what is kept, cut to what it wants, without a read of its own", async () => {
  await log(["a", 1], ["a", 2, "sales.Returned"], ["b", 3]);
  await shared.read({ ...all, after: 0n });
  expect(positions(await shared.read({ ...all, after: 1n }))).toEqual([2, 3]);
  const narrow = await shared.read({ ...all, after: 0n, events: ["sales.Returned"] });
  expect([positions(narrow), narrow.scanned, narrow.head]).toEqual([[2], 3n, 3n]);
  const short = await shared.read({ ...all, after: 0n, eventsMax: 2 });
  expect([positions(short), short.scanned, short.head]).toEqual([[1, 2], 2n, 3n]);
  const bounded = await shared.read({ ...all, after: 0n, upTo: 1n });
  expect([positions(bounded), bounded.scanned]).toEqual([[1], 1n]);
  expect(asked).toHaveLength(1);
});

test("what was heard of since is read on for, and only that", async () => {
  await log(["a", 1]);
  await shared.read({ ...all, after: 0n });
  await log(["a", 2]);
  const [late, early] = await Promise.all([shared.read({ ...all, after: 0n }), shared.read({ ...all, after: 1n })]);
  expect([positions(late), positions(early)]).toEqual([[1, 2], [2]]);
  expect(asked.map(({ after }) => after)).toEqual([0n, 1n]);
});

test("who is behind of what is kept reads for itself and disturbs nobody; parts have their own", async () => {
  await log(["a", 1], ["b", 2], ["c", 3]);
  await shared.read({ ...all, after: 2n });
  expect(positions(await shared.read({ ...all, after: 0n }))).toEqual([1, 2, 3]);
  expect(positions(await shared.read({ ...all, after: 2n }))).toEqual([3]);
  const lower = await shared.read({ ...all, after: 0n, parts: { lo: 0, hi: 31 } });
  const upper = await shared.read({ ...all, after: 0n, parts: { lo: 32, hi: 63 } });
  expect([...positions(lower), ...positions(upper)].sort()).toEqual([1, 2, 3]);
  expect(asked).toHaveLength(4);
});

test("what is kept too long is read anew", async () => {
  const forgetful = sharedSource({ source: counted, events: both, keptMs: 0 });
  await log(["a", 1], ["b", 2]);
  await forgetful.read({ ...all, after: 0n });
  expect(positions(await forgetful.read({ ...all, after: 1n }))).toEqual([2]);
  expect(asked).toHaveLength(2);
});

test("what may not be read any more fails for those who want it, and for nobody else", async () => {
  await log(["a", 1]);
  await database.admin.query("update polder.consumer set events = array['sales.Sold'] where consumer = 'ledger_app'");
  expect(positions(await shared.read({ ...all, after: 0n, events: ["sales.Sold"] }))).toEqual([1]);
  await expect(shared.read({ ...all, after: 0n })).rejects.toThrow(/has not declared/);
});

test("a log that was set back is seen as it is now", async () => {
  await log(["a", 1], ["b", 2]);
  await shared.read({ ...all, after: 0n });
  await database.admin.query("delete from polder.log_sales where seq > 1");
  await database.admin.query("update polder.relay set seq = 1 where domain = 'sales'");
  // Whoever has handled all of it asks for more, and learns that there is less.
  expect((await shared.read({ ...all, after: 2n })).head).toBe(1n);
  expect((await shared.read({ ...all, after: 0n })).head).toBe(1n);
});
