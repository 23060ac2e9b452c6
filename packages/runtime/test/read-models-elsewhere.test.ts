import { neededEvents } from "@polder/bus";
import {
  type Implementation,
  type Position,
  type ReadModel,
  readModel,
  readPosition,
  writePosition,
} from "@polder/model";
import { homeOf, identifier, migrationOf, openDatabase, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { listBuilds, makeBuild } from "@polder/reading";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type HostOptions, migrateDomain, projectScopes } from "../src/index.ts";
import { book, bookTables, gallery, galleryWith, salesDomain, studioDomain, tables, tillDomain } from "./gallery.ts";
import { bookOf, type GalleryAtWork, listener, work } from "./gallery-at-work.ts";
import { rows } from "./hosting.ts";

// Gallery, which keeps the copies, lives in another database than those whose events and pages it keeps them by. Till lives
// with Gallery, so that the book is built from the logs of both.

let server: TestServer;
let here: TestDatabase;
let there: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  here = await server.database();
  there = await server.database();
});
afterEach(async () => {
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

const isThere = (domain: string): boolean => domain === "gallery" || domain === "till";
const placeOf = (domain: string): TestDatabase => (isThere(domain) ? there : here);

/** Gives all domains their homes, and those who read events from elsewhere their logins there. */
async function provisionBoth(implementations: readonly Implementation[]): Promise<void> {
  const domains = implementations.map((implementation) => ({
    name: implementation.domain.name,
    implementation,
    migrations: [migrationOf("0001-tables.sql", tables[implementation.domain.name] ?? "")],
  }));
  for (const database of [here, there]) {
    const isLiving = (domain: string): boolean => placeOf(domain) === database;
    const guests = domains.filter(
      ({ name, implementation }) => !isLiving(name) && [...neededEvents(implementation.domain).keys()].some(isLiving),
    );
    await provision({
      admin: database.admin,
      password: database.password,
      homes: domains.filter(({ name }) => isLiving(name)).map(({ name }) => homeOf(name)),
      guests: guests.map(({ name }) => homeOf(name)),
      scopes: projectScopes(domains, { isHere: isLiving }),
    });
  }
  for (const one of domains) await migrateDomain(one, { admin: placeOf(one.name).admin });
}

const address: HostOptions["address"] = (domain, reader = domain) => placeOf(domain).appAddress(reader);

async function atWork(implementations: readonly Implementation[]): Promise<GalleryAtWork> {
  await provisionBoth(implementations);
  return await work(here, implementations, {
    address,
  });
}

const others = [studioDomain, salesDomain, tillDomain];
const positionOf = (outcome: object) => (outcome as { readonly position?: string }).position;

test("copies are built from the logs of several databases, and are as new as a command there when that is asked", async () => {
  await using at = await atWork([...others, galleryWith()]);
  for (const sale of ["1", "2", "3"]) {
    const sold = positionOf(await at.sales.sell({ sale, artist: "a", price: 1 }));
    const paid = positionOf(await at.till.pay({ sale }));
    const registered = positionOf(await at.studio.register({ artist: sale, name: `N${sale}` }));
    const notBefore = [sold, paid, registered];
    expect(notBefore).not.toContain(undefined);
    const shown = await at.gallery.book({}, { notBefore });
    expect(shown).toMatchObject({
      value: { sales: expect.arrayContaining([{ sale, artist: "a", price: 1, state: "paid" }]) },
    });
    const known = await at.gallery.names({}, { notBefore });
    expect(known).toMatchObject({ value: { names: expect.arrayContaining([{ artist: sale, name: `N${sale}` }]) } });
  }
  expect(await rows(here.admin, "select from pg_namespace where nspname like 'gallery%'")).toEqual([]);
});

test("a new version is built from them, and the former one goes with all that it has left in both", async () => {
  {
    await using at = await atWork([...others, galleryWith()]);
    for (const sale of ["1", "2"]) await at.sales.sell({ sale, artist: "a", price: 1 });
    await at.till.pay({ sale: "2" });
    await until(async () => (await bookOf(at)) === "1:sold,2:paid", "it is written");
  }
  const next = readModel(gallery, "book", {
    version: 2,
    tables: `${bookTables};\n create index on book (artist)`,
    each: book.handlers,
  });
  const implementations = [...others, galleryWith({ readModels: [next] })];
  await provisionBoth(implementations);
  await using at = await work(here, implementations, {
    address,
    retention: { buildsDays: 0.000_001 },
  });
  await using app = openDatabase({ ...there.appAddress("gallery"), schema: "gallery" });
  const builds = async () =>
    (await listBuilds(app, "gallery")).map(({ copy, version, state }) => `${copy} ${version} ${state}`).join();
  await until(async () => (await builds()) === "artist-name 1 serving,book 2 serving", "the new one serves alone");
  expect(await bookOf(at)).toBe("1:sold,2:paid");
  const kept = (database: TestDatabase) =>
    rows(
      database.admin,
      "select distinct subscription from polder.subscriber where consumer = 'gallery_app' order by 1",
    );
  await until(
    async () =>
      JSON.stringify([await kept(here), await kept(there)]) ===
      JSON.stringify([
        [{ subscription: "read-model-book-3" }, { subscription: "replica-artist-name-2" }],
        [{ subscription: "read-model-book-3" }],
      ]),
    "the logs keep nothing for the former one",
  );
  const sold = positionOf(await at.sales.sell({ sale: "3", artist: "a", price: 1 }));
  await at.gallery.book({}, { notBefore: sold });
  expect(await bookOf(at)).toBe("1:sold,2:paid,3:sold");
});

test("what a log elsewhere has lost is said, and nothing takes the place of what may know it", async () => {
  const logger = listener();
  const implementations = [...others, galleryWith()];
  await provisionBoth(implementations);
  await using at = await work(here, implementations, { address, logger });
  for (const sale of ["1", "2"]) await at.sales.sell({ sale, artist: "a", price: 1 });
  await until(async () => (await bookOf(at)) === "1:sold,2:sold", "it is written");
  await rows(here.admin, "delete from polder.log_sales where seq = 1");
  const build = await makeBuild(book, { admin: there.admin, home: homeOf("gallery") });
  const heldBack =
    "a new build of the read model has caught up, but may lack what the one that serves has: look at it, then let it serve with polder read-models switch, or drop it";
  await until(() => logger.said(heldBack).length > 0, "it is said");
  expect(logger.said(heldBack)).toEqual([
    { domain: "gallery", copy: "book", build, version: 1, lacks: { sales: "2" }, parked: 0 },
  ]);
  expect(await bookOf(at)).toBe("1:sold,2:sold");
});

test("a position of the one database is none of the other", async () => {
  await using at = await atWork([...others, galleryWith()]);
  const paid = positionOf(await at.till.pay({ sale: "1" })) ?? "";
  const sold = positionOf(await at.sales.sell({ sale: "1", artist: "a", price: 1 })) ?? "";
  const [mine, other] = [sold, paid].map((position) => readPosition(position));
  expect(mine?.deployment).not.toBe(other?.deployment);
  const mixed = writePosition({ ...(mine as Position), deployment: other?.deployment ?? "" });
  await expect(at.gallery.book({}, { notBefore: mixed })).rejects.toMatchObject({ code: "POSITION_INVALID" });
});

test("while one of the databases is away, a copy ages, says so, and goes on with what comes from the others", async () => {
  const logger = listener();
  const bounded: ReadModel = { ...book, stalenessMaxMs: 1_500 };
  const implementations = [tillDomain, galleryWith({ readModels: [bounded], replicas: [] })];
  await provisionBoth([studioDomain, salesDomain, ...implementations]);
  await using away = await work(here, [studioDomain, salesDomain], { address });
  await using at = await work(here, implementations, { address, logger, urls: { studio: away.host.url } });
  const sold = positionOf(await away.sales.sell({ sale: "1", artist: "a", price: 1 }));
  await at.gallery.book({}, { notBefore: sold });
  const ready = async () => await (await fetch(`${at.host.url}/readyz`)).text();
  await until(async () => (await ready()).includes("gallery") && !(await ready()).includes("behind"), "all is well");
  const { database: name } = here.address;
  await there.admin.query(`alter database ${identifier(name)} allow_connections false`);
  await there.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  await until(async () => (await ready()).includes('"behind":{"book":'), "it is shown");
  expect(logger.said("a read model is farther behind than it may be").at(-1)).toMatchObject({ copy: "book" });
  await at.till.pay({ sale: "1" });
  await until(async () => (await bookOf(at)) === "1:paid", "what comes from the other is written");
  await there.admin.query(`alter database ${identifier(name)} allow_connections true`);
  await until(async () => !(await ready()).includes("behind"), "it is within its bound again");
});
