import { readModel, writePosition } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bookTables, gallery, galleryWith, salesDomain, studioDomain, tillDomain } from "./gallery.ts";
import { bookOf, namesOf, studioTurning, work } from "./gallery-at-work.ts";
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

/** A deadline that is over before anything happens that nobody lets happen. */
const shortly = { deadlineMs: 600 };

/** What the position of an answer was, if it had one. */
function positionOf(outcome: object): string {
  return (outcome as { readonly position?: string }).position ?? "none";
}

describe("while a replica is filled", () => {
  /** Studio knows a, b and c; Gallery has the first page of them, and the second is not answered before `go`. */
  async function halfFilled() {
    await provisionGallery(database, [studioDomain, salesDomain, tillDomain, galleryWith()]);
    await using before = await work(database, [studioDomain]);
    for (const artist of ["a", "b", "c"]) await before.studio.register({ artist, name: artist.toUpperCase() });
    const held = Promise.withResolvers<void>();
    const slowly = studioTurning(async (page, after) => {
      if (after !== undefined) await held.promise;
      return page;
    });
    const at = await work(database, [slowly, salesDomain, tillDomain, galleryWith()]);
    await until(async () => (await namesOf(at)) === "A,B", "the first page is there");
    const end = (): PromiseLike<void> => {
      held.resolve();
      return at[Symbol.asyncDispose]();
    };
    return { at, go: held.resolve, [Symbol.asyncDispose]: end };
  }

  test("a query that is not to be older than a command waits, or says who is not there yet", async () => {
    await using half = await halfFilled();
    const { studio, sales, gallery } = half.at;
    const renamed = positionOf(await studio.register({ artist: "b", name: "Bee" }));
    const sold = positionOf(await sales.sell({ sale: "1", artist: "b", price: 1 }));
    await until(async () => (await bookOf(half.at)) === "1:sold", "the book is as new as can be");
    for (const notBefore of [renamed, [sold, renamed]])
      await expect(gallery.names({}, { notBefore, ...shortly })).rejects.toMatchObject({
        code: "READ_MODEL_BEHIND",
        message: expect.stringContaining('"artist-name" is being filled from "studio"'),
        details: { problem: { behind: { readModel: "artist-name", publisher: "studio", parkedEvents: 0 } } },
      });
    const waiting = gallery.names({}, { notBefore: [sold, renamed], deadlineMs: 20_000 });
    half.go();
    expect(await waiting).toMatchObject({
      value: { names: [{ name: "A" }, { name: "Bee" }, { name: "C" }] },
    });
  });

  test("a position of another database is refused, and not waited for", async () => {
    await using half = await halfFilled();
    const foreign = writePosition({ publisher: "studio", deployment: "0123456789abcdef", xid: "1" });
    await expect(half.at.gallery.names({}, { notBefore: foreign, ...shortly })).rejects.toMatchObject({
      code: "POSITION_INVALID",
    });
  });

  test("it is seen that it is not whole", async () => {
    await using half = await halfFilled();
    const build = "select filled::int, filled_at is null as unfilled from gallery._build where copy = 'artist-name'";
    expect(await rows(database.admin, build)).toEqual([{ filled: 2, unfilled: true }]);
    half.go();
    await until(async () => (await namesOf(half.at)) === "A,B,C", "it is filled");
    expect(await rows(database.admin, build)).toEqual([{ filled: 3, unfilled: false }]);
  });
});

test("while a read model is built for the first time, a query waits, or says that it is not there yet", async () => {
  const held = Promise.withResolvers<void>();
  const slow = readModel(gallery, "book", {
    version: 1,
    tables: bookTables,
    each: {
      "sales.Sold": async ({ event: { data }, tx }) => {
        await held.promise;
        await tx.sql`insert into book (sale, artist, price) values (${data.sale}, ${data.artist}, ${data.price})`;
      },
    },
  });
  await provisionGallery(database, [
    studioDomain,
    salesDomain,
    tillDomain,
    galleryWith({ readModels: [slow], replicas: [] }),
  ]);
  let sold: string;
  {
    await using before = await work(database, [salesDomain]);
    await before.sales.sell({ sale: "1", artist: "a", price: 1 });
    sold = positionOf(await before.sales.sell({ sale: "2", artist: "a", price: 1 }));
  }
  await using at = await work(database, [studioDomain, salesDomain, galleryWith({ readModels: [slow], replicas: [] })]);
  await expect(at.gallery.book({}, { notBefore: sold, ...shortly })).rejects.toMatchObject({
    code: "READ_MODEL_BEHIND",
    details: { problem: { behind: { readModel: "book", publisher: "sales", lagEvents: 2, parkedEvents: 0 } } },
  });
  const waiting = at.gallery.book({}, { notBefore: sold, deadlineMs: 20_000 });
  held.resolve();
  expect(await waiting).toMatchObject({ value: { sales: [{ sale: "1" }, { sale: "2" }] } });
});
