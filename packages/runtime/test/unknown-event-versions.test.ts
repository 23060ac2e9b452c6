import { retryDeadLetter } from "@polder/bus";
import {
  cannotConvert,
  domain,
  event,
  handler,
  type Implementation,
  implement,
  type Need,
  need,
  type ReadModel,
  type Replica,
  readModel,
} from "@polder/model";
import { openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  book,
  bookTables,
  Cancelled,
  gallery,
  galleryWith,
  names,
  Registered,
  Sales,
  Sold,
  salesDomain,
  studioDomain,
  tillDomain,
} from "./gallery.ts";
import { bookOf, namesOf, work } from "./gallery-at-work.ts";
import { provisionGallery, rows } from "./hosting.ts";

// Sales and Studio are released with a second major of an event before Gallery is, which then finds in their logs what its
// own release does not know.

const soldAt2 = z.object({ sale: z.string(), artist: z.string(), price: z.object({ cents: z.int() }) });
const NextSold = event("sales.Sold", {
  key: "sale",
  versions: { "1.0.0": Sold.versions["1.0.0"], "2.0.0": soldAt2 },
  converters: {
    "2.0.0": {
      up: ({ price, ...rest }) => ({ ...rest, price: { cents: price * 100 } }),
      down: ({ price, ...rest }) =>
        price.cents < 0
          ? cannotConvert("nothing is sold for less than nothing")
          : { ...rest, price: price.cents / 100 },
    },
  },
});
const sales = domain("sales", { ...salesDomain.domain, publishes: [Sales, NextSold, Cancelled] });
const nextSales = implement(sales, {
  apis: {
    sales: {
      sell: handler(sales, Sales.sell, async ({ input: { price, ...rest }, tx }) => {
        tx.publish(NextSold, { ...rest, price: { cents: price * 100 } });
      }),
      cancel: salesDomain.apis["sales"]?.["cancel"] as never,
    },
  },
});
const NextRegistered = event("studio.Registered", {
  key: "artist",
  versions: {
    "1.0.0": Registered.versions["1.0.0"],
    "2.0.0": z.object({ artist: z.string(), names: z.array(z.string()) }),
  },
  converters: {
    "2.0.0": {
      up: ({ artist, name }) => ({ artist, names: [name] }),
      down: ({ artist, names: [first = ""] }) => ({ artist, name: first, born: null }),
    },
  },
});

/** Gallery as it is released later: with the newer contracts, whose events it still needs as they were. */
function upgraded(implementation: Implementation): Implementation {
  const newer: Readonly<Record<string, Need>> = {
    [NextSold.name]: need(NextSold, "1.0.0"),
    [NextRegistered.name]: need(NextRegistered, "1.0.0"),
  };
  const needs = gallery.needs.map((one: Need) => newer[one.contract.name] ?? one);
  return { ...implementation, domain: { ...gallery, needs } };
}

const givingUp = { attemptsMax: 1 };
/** So that it is seen at once that something waits. */
const stalenessMaxMs = 1;
const eachBook: ReadModel = readModel(gallery, "book", {
  version: 1,
  tables: bookTables,
  each: book.handlers,
  options: givingUp,
  stalenessMaxMs,
});
const batchBook: ReadModel = readModel(gallery, "book", {
  version: 1,
  tables: bookTables,
  batch: {
    "sales.Sold": async ({ events, tx }) => {
      await tx.query(
        `insert into book (sale, artist, price)
select sale, artist, price from json_populate_recordset(null::book, $1)
on conflict (sale) do update set artist = excluded.artist, price = excluded.price`,
        [JSON.stringify(events.map(({ data }) => data))],
      );
    },
    "sales.Cancelled": async ({ events, tx }) => {
      await tx.query("update book set cancelled = true where sale = any ($1)", [events.map(({ key }) => key)]);
    },
  },
  options: givingUp,
  stalenessMaxMs,
});

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
});
afterEach(() => database[Symbol.asyncDispose]());

const positionOf = (outcome: object) => (outcome as { readonly position?: string }).position;
const others = [studioDomain, tillDomain];
const parked = () =>
  rows(database.admin, "select key, state, split_part(error, ':', 1) as code from gallery._parked order by seq");

/** Lets what was given up be tried again, as `polder dead-letters retry` does. */
async function retryAll(): Promise<void> {
  await using app = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
  const letters = await app.query<{ subscription: string; publisher: string; seq: string }>(
    "select subscription, publisher, seq::text from _parked where state = 'dead'",
  );
  for (const letter of letters.rows) await retryDeadLetter(app, { domain: "gallery", ...letter });
}

/** Stores events as some release of their publisher would have. */
async function store(type: string, events: readonly (readonly [key: string, version: string, data: object])[]) {
  for (const [key, version, data] of events)
    await database.admin.query(
      `insert into ${type.split(".")[0]}._outbox (event_id, key, type, version, data) values (gen_random_uuid(), $1, $2, $3, $4)`,
      [key, type, version, JSON.stringify(data)],
    );
}

describe.each([
  ["one at a time", eachBook],
  ["many at once", batchBook],
])("a read model that takes events %s", (_, readModelOf) => {
  const old = galleryWith({ readModels: [readModelOf] });

  test("lets the key of one wait whose version is newer than its release, and has it after an upgrade", async () => {
    await provisionGallery(database, [...others, salesDomain, old]);
    const selling = await work(database, [nextSales]);
    let unknown: string | undefined;
    {
      await using _selling = selling;
      await using at = await work(database, [...others, salesDomain, old]);
      await at.sales.sell({ sale: "1", artist: "a", price: 1 });
      unknown = positionOf(await selling.sales.sell({ sale: "2", artist: "a", price: 2 }));
      await selling.sales.cancel({ sale: "2" });
      const known = positionOf(await at.sales.sell({ sale: "3", artist: "a", price: 3 }));
      expect(await at.gallery.book({}, { notBefore: known })).toMatchObject({ ok: true });
      expect(await bookOf(at)).toBe("1:sold,3:sold");
      expect(await parked()).toEqual([
        { key: "2", state: "dead", code: "EVENT_VERSION_UNKNOWN" },
        { key: "2", state: "waiting", code: null },
      ]);
      await expect(at.gallery.book({}, { notBefore: unknown })).rejects.toMatchObject({
        code: "READ_MODEL_BEHIND",
        message: expect.stringContaining("has given up 1 of these events"),
      });
      const ready = async () => await (await fetch(`${at.host.url}/readyz`)).text();
      await until(async () => (await ready()).includes('"behind":{"book":'), "it is shown");
    }
    await using at = await work(database, [...others, nextSales, upgraded(old)]);
    await retryAll();
    await until(async () => (await bookOf(at)) === "1:sold,2:cancelled,3:sold", "nothing is lost");
    expect(await parked()).toEqual([]);
    expect(await at.gallery.book({}, { notBefore: unknown })).toMatchObject({ ok: true });
  });

  test("sorts out several that cannot be read, each for another reason", async () => {
    await provisionGallery(database, [...others, salesDomain, old]);
    {
      await using selling = await work(database, [nextSales]);
      const cents = (sale: string, amount: number) => ({ sale, artist: "a", price: { cents: amount } });
      await store("sales.Sold", [
        ["1", "2.0.0", cents("1", 100)],
        ["2", "2.0.0", cents("2", -100)],
        ["3", "3.0.0", {}],
        ["4", "1.0.0", { sale: "4" }],
        ["5", "2.0.0", cents("5", -100)],
      ]);
      await selling.sales.sell({ sale: "6", artist: "a", price: 6 });
    }
    await using at = await work(database, [...others, nextSales, upgraded(old)]);
    await until(async () => (await bookOf(at)) === "1:sold,6:sold", "the others go on");
    expect(await parked()).toEqual([
      { key: "2", state: "dead", code: "CONVERSION_IMPOSSIBLE" },
      { key: "3", state: "dead", code: "EVENT_VERSION_UNKNOWN" },
      { key: "4", state: "dead", code: "CONTRACT_VIOLATED" },
      { key: "5", state: "dead", code: "CONVERSION_IMPOSSIBLE" },
    ]);
  });
});

test("a replica lets the key of one wait, and has it after an upgrade by itself, when it is tried again", async () => {
  const trying: Replica = { ...names, options: { attemptsMax: 1_000, backoffMs: 1, backoffMaxMs: 1 } };
  const old = galleryWith({ replicas: [trying] });
  const filled = () =>
    rows(database.admin, "select from gallery._build where kind = 'replica' and filled_at is not null");
  await provisionGallery(database, [...others, salesDomain, old]);
  {
    await using at = await work(database, [...others, salesDomain, old]);
    await until(async () => (await filled()).length === 1, "it is filled");
    await at.studio.register({ artist: "a", name: "A" });
    await store("studio.Registered", [["b", "2.0.0", { artist: "b", names: ["B", "Bee"] }]]);
    await at.studio.register({ artist: "c", name: "C" });
    await until(async () => (await namesOf(at)) === "A,C" && (await parked()).length === 1, "the others go on");
    expect(await parked()).toEqual([{ key: "b", state: "retry", code: "EVENT_VERSION_UNKNOWN" }]);
  }
  await using at = await work(database, [...others, salesDomain, upgraded(old)]);
  await until(async () => (await namesOf(at)) === "A,B,C", "nothing is lost");
});
