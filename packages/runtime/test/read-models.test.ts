import { createClient } from "@polder/http";
import {
  type Implementation,
  type LogFields,
  type Logger,
  type ReadModel,
  readModel,
  replica,
  silentLogger,
} from "@polder/model";
import { type Database, openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { listBuilds, makeBuild } from "@polder/reading";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Host, type HostOptions, startHost } from "../src/index.ts";
import {
  book,
  bookTables,
  Gallery,
  gallery,
  galleryWith,
  names,
  Sales,
  Studio,
  salesDomain,
  studioDomain,
  Till,
  tillDomain,
} from "./gallery.ts";
import { provisionGallery, rows } from "./hosting.ts";

let server: TestServer;
let database: TestDatabase;
let app: Database;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  app = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
});
afterEach(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
});

const others = [studioDomain, salesDomain, tillDomain];

async function hosting(
  implementations: readonly Implementation[] = [...others, galleryWith()],
  options: Partial<HostOptions> = {},
): Promise<Host> {
  await provisionGallery(database, implementations);
  return await startHost({ implementations, address: database.appAddress, leaseMs: 3_000, ...options });
}

function clientsOf({ transport }: Host) {
  return {
    studio: createClient(Studio, "1.0.0", { transport }),
    sales: createClient(Sales, "1.0.0", { transport }),
    till: createClient(Till, "1.0.0", { transport }),
    gallery: createClient(Gallery, "1.0.0", { transport }),
  };
}

type Clients = ReturnType<typeof clientsOf>;

/** The sales in the book, as `sale:state`. */
async function bookOf({ gallery: client }: Pick<Clients, "gallery">): Promise<readonly string[]> {
  const answer = await client.book({});
  return answer.ok ? answer.value.sales.map(({ sale, state }) => `${sale}:${state}`) : [];
}

/** The names of the artists that Gallery knows. */
async function namesOf({ gallery: client }: Pick<Clients, "gallery">): Promise<string> {
  const answer = await client.names({});
  return answer.ok ? answer.value.names.map(({ name }) => name).join() : "";
}

async function builds(): Promise<readonly string[]> {
  return (await listBuilds(app, "gallery")).map(({ copy, version, state }) => `${copy} ${version} ${state}`);
}

/** What one logger was told. */
function listener(): Logger & { readonly said: (message: string) => readonly LogFields[] } {
  const lines: { readonly message: string; readonly fields: LogFields }[] = [];
  const hear = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  return {
    ...silentLogger,
    info: hear,
    warn: hear,
    said: (message) => lines.filter((line) => line.message === message).map(({ fields }) => fields),
  };
}

describe("a read model", () => {
  test("is built from the events of two domains, whichever comes first", async () => {
    await using host = await hosting();
    const clients = clientsOf(host);
    const { sales, till } = clients;
    await till.pay({ sale: "2" });
    await sales.sell({ sale: "1", artist: "frida", price: 100 });
    await sales.sell({ sale: "2", artist: "paula", price: 200 });
    await sales.sell({ sale: "3", artist: "paula", price: 300 });
    await sales.cancel({ sale: "3" });
    await until(async () => (await bookOf(clients)).join() === "1:sold,2:paid,3:cancelled", "the book is written");
  });

  test("is the same in whatever order the events of different domains come", async () => {
    await using host = await hosting();
    const clients = clientsOf(host);
    const steps = { sell: 0, pay: 1, cancel: 0 } as const;
    const sale = fc.record({ isPaid: fc.boolean(), isCancelled: fc.boolean() });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(sale, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        async (sold, dice) => {
          run += 1;
          // One queue a domain, as its log has them; which of them goes on next is thrown.
          const queues: [(keyof typeof steps)[], string[]][] = [
            [[], []],
            [[], []],
          ];
          const expected = sold.map(({ isPaid, isCancelled }, index) => {
            const id = `${run}-${index}`;
            for (const step of ["sell", ...(isCancelled ? ["cancel"] : []), ...(isPaid ? ["pay"] : [])] as const) {
              const queue = queues[steps[step as keyof typeof steps]];
              queue?.[0].push(step as keyof typeof steps);
              queue?.[1].push(id);
            }
            return `${id}:${isCancelled ? "cancelled" : isPaid ? "paid" : "sold"}`;
          });
          for (let left = queues.filter(([{ length }]) => length > 0); left.length > 0; ) {
            const [kinds = [], ids = []] = left[(dice.next().value ?? 0) % left.length] ?? [];
            const step = kinds.shift();
            const id = ids.shift() ?? "";
            if (step === "sell") await clients.sales.sell({ sale: id, artist: "a", price: 1 });
            else if (step === "cancel") await clients.sales.cancel({ sale: id });
            else await clients.till.pay({ sale: id });
            left = queues.filter(([{ length }]) => length > 0);
          }
          const found = async () => (await bookOf(clients)).filter((line) => line.startsWith(`${run}-`)).join();
          await until(async () => (await found()) === expected.join(), `the book says ${expected.join()}`);
        },
      ),
      { numRuns: 12 },
    );
  });

  test("whose handler fails on an event lets that key wait, and shows that it is behind; the others go on", async () => {
    let isBroken = true;
    const failing: ReadModel = readModel(gallery, "book", {
      version: 1,
      tables: bookTables,
      each: {
        "sales.Sold": async ({ event: { data }, tx }) => {
          if (isBroken && data.sale === "2") throw new Error("no such artist");
          await tx.sql`insert into book (sale, artist, price) values (${data.sale}, ${data.artist}, ${data.price})`;
        },
        "sales.Cancelled": async ({ event: { data }, tx }) => {
          await tx.sql`update book set cancelled = true where sale = ${data.sale}`;
        },
      },
      options: { backoffMs: 1, backoffMaxMs: 1, attemptsMax: 1_000 },
      stalenessMaxMs: 1,
    });
    const logger = listener();
    await using host = await hosting([...others, galleryWith({ readModels: [failing] })], { logger });
    const clients = clientsOf(host);
    for (const sale of ["1", "2", "3"]) await clients.sales.sell({ sale, artist: "a", price: 1 });
    await clients.sales.cancel({ sale: "2" });
    await until(async () => (await bookOf(clients)).join() === "1:sold,3:sold", "the others go on");
    const ready = async () => (await (await fetch(`${host.url}/readyz`)).json()) as { domains: readonly object[] };
    await until(async () => JSON.stringify(await ready()).includes('"behind":{"book":'), "it shows that it is behind");
    expect(logger.said("a read model is farther behind than it may be")).toHaveLength(1);
    const metrics = await (await fetch(`${host.url}/metrics`)).text();
    expect(metrics).toMatch(
      /polder_read_model_staleness_seconds\{domain="gallery",copy="book",publisher="sales"\} 0\.\d*[1-9]/,
    );
    expect(metrics).toContain('polder_read_model_staleness_max_seconds{domain="gallery",copy="book"} 0.001');
    isBroken = false;
    await until(async () => (await bookOf(clients)).join() === "1:sold,2:cancelled,3:sold", "it has caught up");
    await until(() => logger.said("a read model is within its bound again").length === 1, "that is said");
  });
});

/** The book again, with other columns: a new version of it, which is slow to be built. */
const bookOfStates = (waits: Promise<void>): ReadModel =>
  readModel(gallery, "book", {
    version: 2,
    tables: "create table book (sale text primary key, state text not null, price bigint, artist text)",
    former: book,
    batch: {
      "sales.Sold": async ({ events, tx }) => {
        await waits;
        await tx.query(
          `insert into book (sale, state, price, artist)
select sale, 'sold', price, artist from unnest($1::text[], $2::bigint[], $3::text[]) as sold (sale, price, artist)
on conflict (sale) do update set price = excluded.price, artist = excluded.artist`,
          [
            events.map(({ data }) => data.sale),
            events.map(({ data }) => data.price),
            events.map(({ data }) => data.artist),
          ],
        );
      },
      "till.Paid": async ({ events, tx }) => {
        await tx.query(
          `insert into book (sale, state) select sale, 'paid' from unnest($1::text[]) as paid (sale)
on conflict (sale) do update set state = 'paid'`,
          [events.map(({ data }) => data.sale)],
        );
      },
    },
  });

describe("a changed read model", () => {
  test("is built beside the one that serves, which goes on meanwhile, and takes its place for all at once", async () => {
    {
      await using host = await hosting();
      const { sales, till } = clientsOf(host);
      for (let sale = 100; sale < 140; sale += 1) await sales.sell({ sale: String(sale), artist: "a", price: sale });
      await till.pay({ sale: "100" });
    }
    const { promise: waits, resolve: go } = Promise.withResolvers<void>();
    await using host = await hosting([...others, galleryWith({ readModels: [bookOfStates(waits)] })]);
    const { sales } = clientsOf(host);
    expect(await builds()).toEqual(["book 1 serving", "artist-name 1 serving", "book 2 building"]);
    await sales.sell({ sale: "140", artist: "a", price: 140 });
    const columns = async (): Promise<string> => {
      const { rows: found } = await app.query<object>("select * from book order by sale");
      return `${found.length} of ${Object.keys(found[0] ?? {}).join()}`;
    };
    await until(async () => (await columns()) === "41 of sale,artist,price,paid,cancelled", "the former one goes on");
    expect(await builds()).toContain("book 2 building");
    const seen = new Set<string>();
    go();
    await until(async () => {
      seen.add(await columns());
      return seen.has("41 of sale,state,price,artist");
    }, "the new one serves");
    // Nobody has ever seen another number of sales, or half of each.
    expect([...seen].filter((one) => !one.startsWith("41 "))).toEqual([]);
    expect(await builds()).toEqual(["book 1 former", "artist-name 1 serving", "book 2 serving"]);
    expect(await rows(database.admin, "select state from gallery.book where sale = '100'")).toEqual([
      { state: "paid" },
    ]);
  });

  test("that has taken its place is followed by nothing: the former one goes, and no log is kept for it", async () => {
    {
      await using host = await hosting();
      await clientsOf(host).sales.sell({ sale: "1", artist: "a", price: 1 });
      await until(async () => (await bookOf(clientsOf(host))).length === 1, "it is written");
    }
    const next = galleryWith({ readModels: [bookOfStates(Promise.resolve())] });
    await using _host = await hosting([...others, next], { retention: { buildsDays: 0.000_001 } });
    await until(
      async () => (await builds()).join() === "artist-name 1 serving,book 2 serving",
      "the former one is gone",
    );
    expect(
      await rows(database.admin, "select nspname from pg_namespace where nspname like 'gallery\\_\\_%' order by 1"),
    ).toEqual([{ nspname: "gallery__build_2" }, { nspname: "gallery__build_3" }]);
    const kept = () =>
      rows(
        database.admin,
        "select distinct subscription from polder.subscriber where consumer = 'gallery_app' order by 1",
      );
    await until(
      async () =>
        JSON.stringify(await kept()) ===
        JSON.stringify([{ subscription: "read-model-book-3" }, { subscription: "replica-artist-name-2" }]),
      "its subscription is forgotten",
    );
  });

  test("needs a version of its own, and tables that can be made; else nothing is done", async () => {
    await provisionGallery(database, [...others, galleryWith()]);
    const sameVersion = readModel(gallery, "book", {
      ...book,
      tables: `${bookTables};\n create index on book (artist)`,
      each: book.handlers,
    });
    await expect(
      provisionGallery(database, [...others, galleryWith({ readModels: [sameVersion] })]),
    ).rejects.toMatchObject({
      code: "READ_MODEL_CHANGED",
      details: { domain: "gallery", name: "book", version: 1 },
    });
    for (const [tables, reason] of [
      ["create table book (sale text primary kee)", "syntax error"],
      ["create table nothing (sale text)", "already"],
      ["create table gallery.other (sale text)", "makes no table"],
      ["create table sales.other (sale text)", "permission denied"],
      ["create table book (sale text); commit", "EXECUTE"],
    ] as const) {
      const wrong = readModel(gallery, "book", { version: 2, tables, each: book.handlers });
      await expect(provisionGallery(database, [...others, galleryWith({ readModels: [wrong] })])).rejects.toMatchObject(
        {
          code: "READ_MODEL_TABLES_INVALID",
          message: expect.stringContaining(reason),
        },
      );
    }
    // What only differs in its blanks is the same.
    const spaced = readModel(gallery, "book", {
      ...book,
      tables: ` ${bookTables.replaceAll(" ", "\n ")}`,
      each: book.handlers,
    });
    await provisionGallery(database, [...others, galleryWith({ readModels: [spaced] })]);
    expect(await builds()).toEqual(["book 1 serving", "artist-name 1 serving"]);
  });

  test("without tables keeps its domain from starting", async () => {
    await provisionGallery(database, [...others, galleryWith()]);
    const implementations = [...others, galleryWith({ readModels: [bookOfStates(Promise.resolve())] })];
    await expect(startHost({ implementations, address: database.appAddress })).rejects.toMatchObject({
      code: "NOT_PROVISIONED",
      details: { domain: "gallery", missing: ["read model book, version 2"] },
    });
  });

  test("does not take the place of one that may know more than the logs still have", async () => {
    await using host = await hosting();
    const clients = clientsOf(host);
    for (const sale of ["1", "2", "3"]) await clients.sales.sell({ sale, artist: "a", price: 1 });
    await until(async () => (await bookOf(clients)).length === 3, "it is written");
    await rows(database.admin, "delete from polder.log_sales where seq <= 2");
    await makeBuild(book, {
      admin: database.admin,
      home: { domain: "gallery", schema: "gallery", owner: "gallery_owner", app: "gallery_app" },
    });
    const newest = async () => (await listBuilds(app, "gallery")).at(-1);
    await until(async () => (await newest())?.lacks !== null, "it is seen what is missing");
    await until(async () => {
      const found = await rows(
        database.admin,
        "select seq::int from gallery._checkpoint where subscription = 'read-model-book-3' and publisher = 'sales'",
      );
      return JSON.stringify(found) === JSON.stringify([{ seq: 3 }]);
    }, "it has come to the end");
    expect(await newest()).toMatchObject({ state: "building", lacks: { sales: "3" } });
    expect((await bookOf(clients)).length).toBe(3);
  });
});

describe("a replica", () => {
  const artists = async (...ids: readonly string[]): Promise<void> => {
    await using host = await hosting(others);
    const { studio } = clientsOf(host);
    for (const artist of ids) await studio.register({ artist, name: artist.toUpperCase(), born: 1_900 });
  };

  test("is filled from its owner page by page, and kept by its events", async () => {
    await artists("a", "b", "c", "d", "e");
    await using host = await hosting();
    const clients = clientsOf(host);
    await until(async () => (await namesOf(clients)) === "A,B,C,D,E", "it is filled");
    await clients.studio.register({ artist: "c", name: "Cee" });
    await clients.studio.register({ artist: "f", name: "F" });
    await clients.studio.retire({ artist: "a" });
    await until(async () => (await namesOf(clients)) === "B,Cee,D,E,F", "it is kept");
    expect(await rows(database.admin, "select copy, state, filled::int from gallery._build order by copy")).toEqual([
      { copy: "artist-name", state: "serving", filled: 5 },
      { copy: "book", state: "serving", filled: 0 },
    ]);
  });

  test("with other columns is filled beside the one that serves, and is never empty", async () => {
    await artists("a", "b", "c", "d", "e");
    {
      await using host = await hosting();
      await until(async () => (await namesOf(clientsOf(host))) === "A,B,C,D,E", "it is filled");
    }
    const withYears = replica(gallery, "artist-name", {
      key: { artist: "text" },
      columns: { name: "text", born: "integer null" },
      fill: { query: Studio.artists, row: ({ artist, name, born }) => ({ artist, name, born }) },
      events: {
        "studio.Registered": ({ artist, name, born }) => ({ artist, name, born }),
        "studio.Renamed": ({ artist, name }) => ({ artist, name }),
      },
      stalenessMaxMs: 60_000,
    });
    await using host = await hosting([...others, galleryWith({ replicas: [withYears] })]);
    const clients = clientsOf(host);
    const seen = new Set<string>();
    await until(async () => {
      seen.add(await namesOf(clients));
      return (await builds()).includes("artist-name 1 former");
    }, "the new one serves");
    expect([...seen]).toEqual(["A,B,C,D,E"]);
    await clients.studio.register({ artist: "b", name: "Bee" });
    const years = () =>
      rows(database.admin, "select artist, name, born from gallery.artist_name where artist < 'c' order by 1");
    const wanted = [
      { artist: "a", name: "A", born: 1_900 },
      { artist: "b", name: "Bee", born: 1_900 },
    ];
    await until(
      async () => JSON.stringify(await years()) === JSON.stringify(wanted),
      "what an event does not say stays",
    );
  });

  test("waits for an owner that is away, says so, and is filled when it is back", async () => {
    await artists("a", "b");
    const logger = listener();
    await provisionGallery(database, [...others, galleryWith({ replicas: [{ ...names, stalenessMaxMs: 1 }] })]);
    await using alone = await startHost({
      implementations: [galleryWith({ replicas: [{ ...names, stalenessMaxMs: 1 }] })],
      address: database.appAddress,
      urls: { studio: "http://127.0.0.1:9" },
      logger,
    });
    await until(() => logger.said("a replica could not be filled; it goes on soon").length > 0, "it says so");
    await until(() => logger.said("a replica is farther behind than it may be").length > 0, "it is behind");
    expect(await namesOf(clientsOf(alone))).toBe("");
    await alone.stop();
    await using host = await hosting();
    await until(async () => (await namesOf(clientsOf(host))) === "A,B", "it is filled");
  });
});
