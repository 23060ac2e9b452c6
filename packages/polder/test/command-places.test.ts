import { openDatabase, sqlState } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { type Ended, jsonOf, startPolder } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

// Guestbook lives in one server, Welcome, which reads its events, in another one.

let servers: readonly [here: TestServer, there: TestServer];
let here: TestDatabase;
let there: TestDatabase;
let folder: ProjectFolder;
let env: Readonly<Record<string, string>>;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  servers = [await testServer(), await testServer({ own: "places" })];
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  here = opened.use(await servers[0].database());
  there = opened.use(await servers[1].database());
  folder = opened.use(await copyGuestbook());
  env = { ...guestbookEnvironment(here).env, DATABASE_URL_WELCOME: urlOf(there) };
});
afterEach(() => opened.disposeAsync());

function urlOf({ address: { user, password, host, port, database } }: TestDatabase): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

async function run(args: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return await polder(args.split(" "), { cwd: folder.path, env: { ...env, ...more } });
}

const done = async (args: string): Promise<void> => expect(await run(args)).toMatchObject({ code: 0, err: "" });

const schemasIn = async ({ admin }: TestDatabase): Promise<readonly unknown[]> => {
  const { rows } = await admin.query<{ schema: string }>(
    "select nspname as schema from pg_namespace where nspname in ('guestbook', 'welcome', 'polder') order by 1",
  );
  return rows.map(({ schema }) => schema);
};

/** Runs a query in Guestbook's database as the login that Welcome has there. */
async function asReader(text: string): Promise<unknown> {
  await using reader = openDatabase({ ...here.appAddress("welcome"), connectionsMax: 1 });
  return await reader.query(text).then(({ rows }) => rows, sqlState);
}

describe("a domain in a database of its own", () => {
  test("gets its home there, and where it reads events a login that may do nothing else", async () => {
    const dry = await run("provision --dry-run");
    const { host, port, database } = there.address;
    expect(dry.out).toContain(`-- in the database ${host}:${port}/${database}:\n\nbegin;`);
    await done("provision");
    expect(await schemasIn(here)).toEqual(["guestbook", "polder"]);
    expect(await schemasIn(there)).toEqual(["polder", "welcome"]);
    expect(await run("provision")).toMatchObject({ code: 0, out: expect.stringContaining("nothing was to be done") });
    expect(await asReader("select head from polder.read_guestbook(0, 9, 0, 63, '{guestbook.Signed}', 9)")).toEqual([
      { head: "0" },
    ]);
    const others = "select polder.read_guestbook(0, 9, 0, 63, '{guestbook.Other}', 9)";
    for (const forbidden of [
      others,
      "select * from guestbook._outbox",
      "select * from polder.log_guestbook",
      "select * from polder.consumer",
      "select polder.report('welcome', 'x', 1)",
      "create schema mine",
    ])
      expect(await asReader(forbidden), forbidden).toBe("42501");
  });

  test("gets events exactly as one that lives with their publisher; all commands follow", async () => {
    await folder.edit("domains/welcome/greet-guests.ts", [
      "    await tx.sql`insert",
      '    if (event.data.guest === "Mallory") throw new Error("not her");\n    await tx.sql`insert',
    ]);
    await folder.edit("domains/welcome/greet-guests.ts", ["  },\n});", "  },\n}, { attemptsMax: 1 });"]);
    await done("provision");
    await done("migrate");
    await using running = startPolder(["start", "--port", "0", "--gateway", "--gateway-port", "0"], {
      cwd: folder.path,
      env,
    });
    const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
    for (const guest of ["Ada", "Mallory", "Bob"]) {
      const body = JSON.stringify({ guest, words: "Hello" });
      const headers = { "content-type": "application/json" };
      expect((await fetch(`${url}/guestbook/v1/entries`, { method: "POST", headers, body })).status).toBe(200);
    }
    const greeted = async () => (await there.admin.query("select guest from welcome.greeting order by guest")).rows;
    await until(async () => (await greeted()).length === 2, "they are greeted");
    expect(await greeted()).toEqual([{ guest: "Ada" }, { guest: "Bob" }]);

    await until(async () => (await run("dead-letters list")).code === 1, "one is given up");
    const listed = await run("dead-letters list --json");
    expect(jsonOf(listed)).toMatchObject({ data: [{ letter: "welcome/greet-guests/guestbook/2", key: "Mallory" }] });
    expect(jsonOf(await run("subscriptions --json"))).toMatchObject({
      data: [{ domain: "welcome", publisher: "guestbook", seq: "3", lag: 0, dead: 1, owners: 1 }],
    });
    const tail = await run("events tail --no-follow");
    expect(tail.out.match(/key=\w+/g)).toEqual(["key=Ada", "key=Mallory", "key=Bob"]);
    const id = tail.out.trimEnd().split("\n")[1]?.split(/\s+/).at(-1);
    expect((await run(`events show ${id}`)).out).toMatch(/welcome.greet-guests +dead letter/);
    await done("dead-letters discard welcome/greet-guests/guestbook/2");
    await until(
      async () => (await there.admin.query("select from welcome._parked")).rows.length === 0,
      "it is dropped",
    );
    const reported = "select from polder.subscriber where consumer = 'welcome_app' and seq = 3";
    await until(async () => (await here.admin.query(reported)).rows.length === 1, "the publisher knows what is needed");
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });
});

test("a process is told only of the databases that its domains need", async () => {
  await done("provision");
  await done("migrate");
  await folder.edit("polder.config.ts", ["  gateway:", '  databases: { welcome: "WELCOME_DATABASE" },\n  gateway:']);
  const { DATABASE_URL: shared = "", ...rest } = guestbookEnvironment(here).env;
  const only = { ...rest, DATABASE_URL_GUESTBOOK: shared };
  await using guestbook = startPolder(["start", "--port", "0", "--domain", "guestbook"], {
    cwd: folder.path,
    env: only,
  });
  await guestbook.says(/"message":"ready"/);
  const missing = startPolder(["start", "--port", "0", "--domain", "welcome"], { cwd: folder.path, env: only });
  expect(await missing.ended).toMatchObject({
    code: 2,
    err: expect.stringContaining("WELCOME_DATABASE, which is not"),
  });
});

describe("a mistake", () => {
  const refused = async (args: string, code: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const ended = await run(args, more);
    expect(ended.err).toContain(`${code}, see docs/errors/${code}.md`);
    return ended.err;
  };
  const configure = (settings: string): Promise<void> =>
    folder.edit("polder.config.ts", ["  gateway:", `  ${settings},\n  gateway:`]);

  test("a database for a domain that is not there", async () => {
    await configure('databases: { welcom: "embedded:welcome", welcome: "WELCOME_DATABASE" }');
    expect(await refused("domains", "CONFIG_INVALID")).toContain(
      "databases.welcom: names no domain of this project; it has guestbook, welcome",
    );
  });

  test("a domain whose database is named twice, or by a variable that is not set", async () => {
    await configure('databases: { welcome: "WELCOME_DATABASE" }');
    expect(await refused("provision", "CONFIG_INVALID")).toContain("DATABASE_URL_WELCOME another; keep one of them");
    expect(await refused("provision", "CONFIG_INVALID", { DATABASE_URL_WELCOME: "" })).toContain(
      "names the environment variable WELCOME_DATABASE, which is not set",
    );
    expect(await schemasIn(here)).toEqual([]);
  });

  test("one of several databases cannot be reached: it is said whose, and nothing is done in the others", async () => {
    const gone = { DATABASE_URL_WELCOME: "postgres://postgres:x@127.0.0.1:1/welcome" };
    const told = await refused("provision", "POSTGRES_UNREACHABLE", gone);
    expect(told).toContain("The database of welcome (DATABASE_URL_WELCOME): PostgreSQL at 127.0.0.1:1");
    expect(await schemasIn(here)).toEqual([]);
  });

  test("two addresses of one database", async () => {
    const twin = { DATABASE_URL_WELCOME: urlOf(here).replace("127.0.0.1", "localhost") };
    expect(await refused("provision", "CONFIG_INVALID", twin)).toContain("are one and the same database");
  });

  test("databases that are swapped, or a domain that is sent elsewhere, once it has a home", async () => {
    await done("provision");
    const swapped = { DATABASE_URL: urlOf(there), DATABASE_URL_WELCOME: urlOf(here) };
    const { host, port, database } = here.address;
    for (const args of ["provision", "migrate", "subscriptions"]) {
      expect(await refused(args, "HOME_ELSEWHERE", swapped)).toContain(
        `but its home is in ${host}:${port}/${database}`,
      );
    }
    expect(await schemasIn(there)).toEqual(["polder", "welcome"]);
  });

  test("base URLs for a domain that is not there, for several at once, or said twice", async () => {
    await configure('urls: { "guestbook,welcome": "http://127.0.0.1:1", welcome: ["http://127.0.0.1:2"] }');
    const urls = { POLDER_URL_WELCOM: "http://127.0.0.1:3", POLDER_URL_WELCOME: "http://127.0.0.1:4" };
    const told = await refused("domains", "CONFIG_INVALID", { ...urls, POLDER_URL_GUESTBOOK: "guestbook:4000" });
    expect(told).toContain("urls.guestbook,welcome: names several domains; give each an entry of its own");
    expect(told).toContain("POLDER_URL_WELCOM: names no domain that is here or needed here");
    expect(told).toContain('POLDER_URL_WELCOME: says where "welcome" is, and so does urls.welcome');
    expect(told).toContain("POLDER_URL_GUESTBOOK: must be URLs such as");
  });
});
