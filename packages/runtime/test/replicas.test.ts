import { type Implementation, replica } from "@polder/model";
import { type Database, openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Host, startHost } from "../src/index.ts";
import { gallery, galleryWith, names, Studio } from "./gallery.ts";
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

const hosting = (implementations?: readonly Implementation[]): Promise<Host> => hostGallery(database, implementations);
const builds = (): Promise<readonly string[]> => buildsOf(app);

/** The names of the artists that Gallery knows. */
async function namesOf({ gallery: client }: Pick<GalleryClients, "gallery">): Promise<string> {
  const answer = await client.names({});
  return answer.ok ? answer.value.names.map(({ name }) => name).join() : "";
}

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
