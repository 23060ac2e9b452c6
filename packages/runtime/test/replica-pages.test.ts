import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { growthSignal, logHead, postgresSource } from "@polder/bus";
import { type Implementation, isPolderError, type Need, replica } from "@polder/model";
import { openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { listBuilds, lookAtBuild, switchBuild } from "@polder/reading";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gallery, galleryWith, names, Studio, salesDomain, studioDomain, tillDomain } from "./gallery.ts";
import { type ArtistsPage, listener, namesOf, studioTurning, work } from "./gallery-at-work.ts";
import { provisionGallery, rows } from "./hosting.ts";

// What a replica is filled with comes from an owner that may do anything.

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  await provisionGallery(database, [studioDomain, salesDomain, tillDomain, galleryWith()]);
});
afterEach(() => database[Symbol.asyncDispose]());

const others = [salesDomain, tillDomain];
const artist = (id: string, name = id.toUpperCase()) => ({ artist: id, name, born: null });

/** What was said of fillings that failed, by their codes and messages. */
function failures(logger: ReturnType<typeof listener>): readonly { readonly code: string; readonly message: string }[] {
  return logger.said("a replica could not be filled; it goes on soon").map(({ error }) => {
    if (!isPolderError(error)) throw new Error("failed otherwise", { cause: error });
    return { code: error.code, message: error.message };
  });
}

/** How the build of the names stands. */
async function standing(): Promise<object> {
  const [found = {}] = await rows(
    database.admin,
    "select page, filled::int, filled_at is not null as whole, state from gallery._build where copy = 'artist-name' order by build desc",
  );
  return found;
}

/** Studio with these pages, by the page after which they come; the first after nothing. */
const studioOf = (pages: (after: string | undefined) => ArtistsPage): Implementation =>
  studioTurning((_, after) => pages(after));

describe("pages", () => {
  test("that repeat keys, within one and across several, and come in no order make each row once: the last says what it is", async () => {
    const pages: Readonly<Record<string, ArtistsPage>> = {
      first: { artists: [artist("d"), artist("b", "old"), artist("b")], next: "2" },
      "2": { artists: [artist("a"), artist("d", "Dee")], next: "1" },
      "1": { artists: [], next: "3" },
      "3": { artists: [artist("c"), artist("a")], next: null },
    };
    const studio = studioOf((after = "first") => pages[after] as ArtistsPage);
    await using at = await work(database, [studio, ...others, galleryWith()]);
    await until(async () => (await namesOf(at)) === "A,B,C,Dee", "it is filled");
    expect(await standing()).toEqual({ page: null, filled: 4, whole: true, state: "serving" });
  });

  test.each([
    ["stand still", (after = "0") => ({ artists: [artist(`a${after}`)], next: "1" }), "the same one would come again"],
    ["never end", (after = "0") => ({ artists: [artist("a")], next: String(Number(after) + 1) }), "1000 pages"],
    ["are empty and never end", (after = "0") => ({ artists: [], next: String(Number(after) + 1) }), "1000 pages"],
  ])("that %s fill nothing: it is said, and goes on when they are right", async (_, wrong, said) => {
    const logger = listener();
    let isWrong = true;
    const right = (after = "") => ({ artists: after === "z" ? [] : [artist("y")], next: after === "z" ? null : "z" });
    const studio = studioOf((after) => (isWrong ? wrong(after) : right(after)));
    await using at = await work(database, [studio, ...others, galleryWith()], { logger });
    await until(() => failures(logger).length > 0, "it is said");
    expect(failures(logger)[0]).toEqual({ code: "REPLICA_UNFILLED", message: expect.stringContaining(said) });
    expect(await standing()).toMatchObject({ whole: false });
    isWrong = false;
    await until(async () => (await namesOf(at)).endsWith("Y"), "it goes on");
    await until(async () => JSON.stringify(await standing()).includes('"whole":true'), "it is filled");
  });
});

/** Studio as somebody else might have written it: answers requests for pages as it is told to. */
async function strangeStudio(
  answer: (after: string | null, response: ServerResponse) => void,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "", "http://studio");
    answer(url.searchParams.get("after"), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answerWith(response: ServerResponse, body: string | object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

const failed = { type: "about:blank", title: "Failed", status: 500, detail: "Failed.", code: "HANDLER_FAILED" };

/** Pages of two, of a, b, c and d. */
function page(after: string | null): ArtistsPage {
  return after === null
    ? { artists: [artist("a"), artist("b")], next: "b" }
    : { artists: [artist("c"), artist("d")], next: null };
}

describe("an owner that answers the second page", () => {
  test.each<readonly [string, (response: ServerResponse) => void, string]>([
    ["with what is no JSON", (response) => answerWith(response, "<html>"), "ANSWER_INVALID"],
    [
      "against its contract",
      (response) => answerWith(response, { artists: [{ artist: 7 }], next: null }),
      "ANSWER_INVALID",
    ],
    ["with half of it", (response) => answerWith(response, '{"artists":[{"artist":"c",'), "ANSWER_INVALID"],
    ["by hanging up", (response) => void response.socket?.destroy(), "CALL_UNREACHABLE"],
    ["with a failure", (response) => answerWith(response, failed, 500), "CALL_FAILED"],
  ])("%s is asked for it again, and what is there meanwhile is not taken for whole", async (_, wrongly, code) => {
    const logger = listener();
    let isWrong = true;
    const asked: (string | null)[] = [];
    await using studio = await strangeStudio((after, response) => {
      asked.push(after);
      if (after !== null && isWrong) wrongly(response);
      else answerWith(response, page(after));
    });
    await using at = await work(database, [...others, galleryWith()], { logger, urls: { studio: studio.url } });
    await until(() => failures(logger).length > 0, "it is said");
    expect(failures(logger).map((one) => one.code)).toContain(code);
    expect(await namesOf(at)).toBe("A,B");
    expect(await standing()).toEqual({ page: "b", filled: 2, whole: false, state: "serving" });
    isWrong = false;
    await until(async () => (await namesOf(at)) === "A,B,C,D", "it is filled");
    expect(asked.filter((after) => after === null)).toHaveLength(1);
  });
});

test("what stands in for the owner fills nothing", async () => {
  const logger = listener();
  const standIn = { artists: () => ({ artists: [artist("x")], next: null }) };
  const needs = gallery.needs.map((one: Need) =>
    one.contract.kind === "api" ? { ...one, fallbacks: standIn as never } : one,
  );
  const implementation: Implementation = { ...galleryWith(), domain: { ...gallery, needs } };
  let isWrong = true;
  await using studio = await strangeStudio((after, response) =>
    isWrong ? answerWith(response, {}, 500) : answerWith(response, page(after)),
  );
  await using at = await work(database, [...others, implementation], { logger, urls: { studio: studio.url } });
  await until(() => failures(logger).length > 0, "it is said");
  expect(failures(logger)[0]).toEqual({
    code: "REPLICA_UNFILLED",
    message: expect.stringContaining("answered a fallback instead of a page"),
  });
  expect(await namesOf(at)).toBe("");
  isWrong = false;
  await until(async () => (await namesOf(at)) === "A,B,C,D", "it is filled");
});

test("rows that lack what they must have are an error, and leave the table before in its place", async () => {
  {
    await using before = await work(database, [studioDomain, ...others, galleryWith()]);
    await before.studio.register({ artist: "a", name: "A" });
    await until(async () => (await namesOf(before)) === "A", "it is filled");
  }
  const half = replica(gallery, "artist-name", {
    key: { artist: "text" },
    columns: { name: "text", born: "integer" },
    fill: {
      query: Studio.artists,
      row: (({ artist: id, name }: { artist: string; name: string }) => ({ artist: id, name })) as never,
    },
    events: { "studio.Renamed": (data) => data },
    stalenessMaxMs: 60_000,
  });
  const logger = listener();
  const implementation = galleryWith({ replicas: [half] });
  await provisionGallery(database, [studioDomain, ...others, implementation]);
  await using at = await work(database, [studioDomain, ...others, implementation], { logger });
  await until(() => failures(logger).length > 0, "it is said");
  expect(failures(logger)[0]).toMatchObject({
    code: "REPLICA_UNFILLED",
    message: expect.stringContaining('its "fill.row" makes rows without born.'),
  });
  expect(await namesOf(at)).toBe("A");
});

test("events from before it was made do not make it old", async () => {
  {
    await using before = await work(database, [studioDomain]);
    await before.studio.register({ artist: "a", name: "A" });
    await until(async () => (await logHead(database.admin, "studio")) === 1n, "it is logged");
  }
  await database.admin.query("update polder.log_studio set at = now() - interval '1 hour'");
  await using own = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
  const build = (await listBuilds(own, "gallery")).find(({ copy }) => copy === names.name);
  if (build === undefined) throw new Error("there is no build");
  const source = (publisher: string) => postgresSource({ publisher, database: own, growth: growthSignal() });
  const now = () => build.madeAt.getTime() + 7;
  const looks = await lookAtBuild({ domain: "gallery", copied: names, build, database: own, source, now });
  expect(looks).toMatchObject([{ publisher: "studio", stalenessMs: 7 }]);
});

test("one that is filled anew from pages that go wrong leaves the one before in its place", async () => {
  {
    await using before = await work(database, [studioDomain, ...others, galleryWith()]);
    for (const id of ["a", "b", "c"]) await before.studio.register({ artist: id, name: id.toUpperCase() });
    await until(async () => (await namesOf(before)) === "A,B,C", "it is filled");
  }
  const withYears = replica(gallery, "artist-name", {
    key: { artist: "text" },
    columns: { name: "text", born: "integer null" },
    fill: { query: Studio.artists, row: (one) => one },
    events: { "studio.Renamed": (data) => data },
    stalenessMaxMs: 60_000,
  });
  const logger = listener();
  let isWrong = true;
  const studio = studioTurning((found, after) => (isWrong && after !== undefined ? { ...found, next: after } : found));
  const implementation = galleryWith({ replicas: [withYears] });
  await provisionGallery(database, [studio, ...others, implementation]);
  await using at = await work(database, [studio, ...others, implementation], { logger });
  await until(() => failures(logger).length > 0, "it is said");
  expect(await namesOf(at)).toBe("A,B,C");
  expect(await standing()).toEqual({ page: "b", filled: 2, whole: false, state: "building" });
  const own = openDatabase({ ...database.appAddress("gallery"), schema: "gallery" });
  const build = (await listBuilds(own, "gallery")).find(({ state }) => state === "building");
  if (build === undefined) throw new Error("nothing is being built");
  expect(await switchBuild({ domain: "gallery", database: own, build })).toBe(false);
  await own.close();
  expect(await namesOf(at)).toBe("A,B,C");
  // How old it is that serves is seen, though this release cannot keep it.
  const age = /^polder_read_model_staleness_seconds\{.*copy="artist-name".*\} (.+)$/m;
  await until(async () => age.test(await (await fetch(`${at.host.url}/metrics`)).text()), "it is measured");
  await at.studio.register({ artist: "c", name: "Cee" });
  await until(async () => {
    const [, seconds = "0"] = age.exec(await (await fetch(`${at.host.url}/metrics`)).text()) ?? [];
    return Number(seconds) > 0;
  }, "what it lacks makes it old");
  isWrong = false;
  await until(async () => JSON.stringify(await standing()).includes('"serving"'), "the new one serves");
  expect(await namesOf(at)).toBe("A,B,Cee");
});
