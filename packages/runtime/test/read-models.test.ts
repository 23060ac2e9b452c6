import { createClient } from "@polder/http";
import type { Implementation } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Host, type HostOptions, startHost } from "../src/index.ts";
import { Gallery, galleryWith, Sales, Studio, salesDomain, studioDomain, Till, tillDomain } from "./gallery.ts";
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

test("a read model is built from the events of two domains, whichever comes first", async () => {
  await using host = await hosting();
  const { sales, till, gallery } = clientsOf(host);
  await till.pay({ sale: "2" });
  await sales.sell({ sale: "1", artist: "frida", price: 100 });
  await sales.sell({ sale: "2", artist: "paula", price: 200 });
  await sales.sell({ sale: "3", artist: "paula", price: 300 });
  await sales.cancel({ sale: "3" });
  const wanted = [
    { sale: "1", artist: "frida", price: 100, state: "sold" },
    { sale: "2", artist: "paula", price: 200, state: "paid" },
    { sale: "3", artist: "paula", price: 300, state: "cancelled" },
  ];
  await until(async () => {
    const answer = await gallery.book({});
    return JSON.stringify(answer.ok ? answer.value.sales : []) === JSON.stringify(wanted);
  }, "the book is written");
});

test("a replica is filled from its owner page by page, and kept by its events", async () => {
  {
    await using host = await hosting(others);
    const { studio } = clientsOf(host);
    for (const artist of ["a", "b", "c", "d", "e"]) await studio.register({ artist, name: artist.toUpperCase() });
  }
  await using host = await hosting();
  const { studio, gallery } = clientsOf(host);
  const known = async () => {
    const answer = await gallery.names({});
    return answer.ok ? answer.value.names.map(({ name }) => name).join() : "";
  };
  await until(async () => (await known()) === "A,B,C,D,E", "it is filled");
  await studio.register({ artist: "c", name: "Cee" });
  await studio.register({ artist: "f", name: "F" });
  await studio.retire({ artist: "a" });
  await until(async () => (await known()) === "B,Cee,D,E,F", "it is kept");
  expect(await rows(database.admin, "select copy, state, filled::int from gallery._build order by copy")).toEqual([
    { copy: "artist-name", state: "serving", filled: 5 },
    { copy: "book", state: "serving", filled: 0 },
  ]);
});
