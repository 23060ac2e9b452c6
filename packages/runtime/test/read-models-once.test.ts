import { growthSignal, postgresSource, replay } from "@polder/bus";
import { type ReadModel, readModel } from "@polder/model";
import { homeOf, openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { listBuilds, makeBuild } from "@polder/reading";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gallery, galleryWith, salesDomain, studioDomain, tillDomain } from "./gallery.ts";
import { bookOf, type GalleryAtWork, namesOf, work } from "./gallery-at-work.ts";
import { provisionGallery, rows } from "./hosting.ts";

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

const others = [studioDomain, salesDomain, tillDomain];

/** How many works of each artist were sold: an event that took effect twice would be counted twice. */
const countedEach: ReadModel = readModel(gallery, "sold", {
  version: 1,
  tables: "create table sold (artist text primary key, works integer not null)",
  each: {
    "sales.Sold": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into sold (artist, works)
        values (${data.artist}, 1)
        on conflict (artist) do update
        set works = sold.works + 1
      `;
    },
  },
});
const countedInBatches: ReadModel = readModel(gallery, "sold", {
  version: 1,
  tables: "create table sold (artist text primary key, works integer not null)",
  batch: {
    "sales.Sold": async ({ events, tx }) => {
      await tx.query(
        `insert into sold (artist, works)
select artist, count(*) from unnest($1::text[]) as artist group by artist order by artist
on conflict (artist) do update set works = sold.works + excluded.works`,
        [events.map(({ data }) => data.artist)],
      );
    },
  },
  options: { batchSizeMax: 7 },
});

describe.each([
  ["one at a time", countedEach],
  ["many at once", countedInBatches],
])("a read model that counts events, %s", (_, counted) => {
  const reader = galleryWith({ readModels: [counted], replicas: [] });
  const works = async (): Promise<string> => {
    const found = await rows(database.admin, "select artist, works from gallery.sold order by artist");
    return (found as readonly { artist: string; works: number }[]).map((one) => `${one.artist} ${one.works}`).join();
  };
  const sell = async ({ sales }: GalleryAtWork, from: number, to: number): Promise<void> => {
    for (let sale = from; sale < to; sale += 1)
      await sales.sell({ sale: String(sale), artist: "abc"[sale % 3] ?? "", price: 1 });
  };
  const shares = async (): Promise<number> => {
    const [found] = await rows(
      database.admin,
      "select count(distinct owner)::int as owners from gallery._checkpoint where publisher = 'sales' and lease_until > now()",
    );
    return (found as { owners: number }).owners;
  };

  test("counts each once while processes that share it come, go and lose their connections", async () => {
    await provisionGallery(database, [...others, reader]);
    await using first = await work(database, [...others, reader]);
    await using second = await work(database, [...others, reader]);
    await until(async () => (await shares()) === 2, "both have a share");
    await sell(second, 0, 60);
    const selling = sell(second, 60, 120);
    await rows(
      database.admin,
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'gallery_app'",
      database.address.database,
    );
    await selling;
    const more = sell(second, 120, 180);
    await first.host.stop();
    await more;
    await using _third = await work(database, [...others, reader]);
    await sell(second, 180, 210);
    await until(async () => (await works()) === "a 70,b 70,c 70", "all are counted");
  });

  test("counts each once when several processes build it anew while it goes on", async () => {
    await provisionGallery(database, [...others, reader]);
    await using first = await work(database, [...others, reader]);
    await using _second = await work(database, [...others, reader]);
    await until(async () => (await shares()) === 2, "both have a share");
    await sell(first, 0, 60);
    const selling = sell(first, 60, 120);
    const build = await makeBuild(counted, { admin: database.admin, home: homeOf("gallery") });
    await selling;
    await using app = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
    const serving = async () => (await listBuilds(app, "gallery")).find(({ state }) => state === "serving")?.build;
    await until(async () => (await serving()) === build, "the new one serves");
    await until(async () => (await works()) === "a 40,b 40,c 40", "all are counted");
    await sell(first, 120, 150);
    await until(async () => (await works()) === "a 50,b 50,c 50", "it goes on");
  });
});

test("what is set back and gets its events again has the same rows as before", async () => {
  await provisionGallery(database, [...others, galleryWith()]);
  await using at = await work(database, [...others, galleryWith()]);
  const filled = "select from gallery._build where kind = 'replica' and filled_at is not null";
  await until(async () => (await rows(database.admin, filled)).length === 1, "the replica is filled");
  for (const sale of ["1", "2", "3"]) await at.sales.sell({ sale, artist: "a", price: 1 });
  await at.sales.cancel({ sale: "1" });
  await at.till.pay({ sale: "2" });
  for (const artist of ["a", "b", "c"]) await at.studio.register({ artist, name: artist.toUpperCase() });
  await at.studio.register({ artist: "b", name: "Bee" });
  await at.studio.retire({ artist: "c" });
  const expected = "1:cancelled,2:paid,3:sold of A,Bee";
  const found = async () => `${await bookOf(at)} of ${await namesOf(at)}`;
  await until(async () => (await found()) === expected, "all is there");

  await using app = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
  const growth = growthSignal();
  for (const [subscription, publisher] of [
    ["read-model-book-1", "sales"],
    ["read-model-book-1", "till"],
    ["replica-artist-name-2", "studio"],
  ] as const) {
    const source = postgresSource({ publisher, database: app, growth });
    await replay({ consumer: "gallery", subscription, publisher }, { seq: 1n }, { database: app, source });
    const { head } = await source.state();
    const behind = "select from gallery._checkpoint where subscription = $1 and publisher = $2 and seq < $3";
    await until(
      async () => (await rows(database.admin, behind, subscription, publisher, String(head))).length === 0,
      "it has come to the end again",
    );
  }
  expect(await found()).toBe(expected);
});
