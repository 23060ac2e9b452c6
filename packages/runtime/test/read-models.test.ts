import { type Implementation, type ReadModel, readModel } from "@polder/model";
import { type Database, openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { listBuilds, makeBuild } from "@polder/reading";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Host, type HostOptions, startHost } from "../src/index.ts";
import { book, bookTables, gallery, galleryWith } from "./gallery.ts";
import { buildsOf, clientsOf, type GalleryClients, hostGallery, listener, others } from "./gallery-host.ts";
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

const hosting = (implementations?: readonly Implementation[], options?: Partial<HostOptions>): Promise<Host> =>
  hostGallery(database, implementations, options);
const builds = (): Promise<readonly string[]> => buildsOf(app);

/** The sales in the book, as `sale:state`. */
async function bookOf({ gallery: client }: Pick<GalleryClients, "gallery">): Promise<readonly string[]> {
  const answer = await client.book({});
  return answer.ok ? answer.value.sales.map(({ sale, state }) => `${sale}:${state}`) : [];
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
