import { once } from "node:events";
import { createServer } from "node:net";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { type Ended, jsonOf, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder, polderEach } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
let opened: AsyncDisposableStack;
/** Everything that any command of a test has written. */
let written: string;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
  written = "";
});
afterEach(async () => {
  await using _opened = opened;
  for (const secret of environment.secrets) expect(written).not.toContain(secret);
});

async function run(args: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await polder(args.split(" "), { cwd: folder.path, env: { ...environment.env, ...env } });
  written += ended.out + ended.err;
  return ended;
}

/** Runs commands one after the other that find the same project. */
async function runAll(lines: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<readonly Ended[]> {
  const all = await polderEach(lines, { cwd: folder.path, env: { ...environment.env, ...env } });
  for (const { out, err } of all) written += out + err;
  return all;
}

const schemas = async (): Promise<readonly unknown[]> => {
  const { rows } = await database.admin.query<{ schema: string }>(
    "select nspname as schema from pg_namespace where nspname in ('guestbook', 'welcome', 'polder') order by 1",
  );
  return rows.map(({ schema }) => schema);
};

describe("polder provision", () => {
  test("says what it would do, does it, and then finds nothing to do", async () => {
    const dry = await run("provision --dry-run");
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('create schema "guestbook"') });
    expect(await schemas()).toEqual([]);
    const first = await run("provision");
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining("schema guestbook") });
    expect(await schemas()).toEqual(["guestbook", "polder", "welcome"]);
    const [again, asJson] = await runAll(["provision", "provision --json"]);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining("nothing was to be done") });
    expect(jsonOf(asJson)).toEqual({
      ok: true,
      command: "provision",
      data: { statements: [], applied: true, drift: [] },
    });
  });

  test("reports what disagrees, with exit code 1, and leaves it alone", async () => {
    await run("provision");
    await database.admin.query("grant usage on schema guestbook to public");
    const [found, asJson] = await runAll(["provision", "provision --json"]);
    expect(found).toMatchObject({ code: 1, out: expect.stringContaining("schema guestbook") });
    expect(found?.out).toMatch(/OBJECT +FOUND +EXPECTED +FIX/);
    expect(jsonOf(asJson)).toMatchObject({
      ok: false,
      data: { drift: [{ object: "schema guestbook" }] },
    });
  });
});

describe("polder migrate", () => {
  test("needs homes", async () => {
    const ended = await run("migrate");
    expect(ended).toMatchObject({ code: 3, out: "", err: expect.stringContaining("NOT_PROVISIONED") });
  });

  test("runs what has not run, once; all or some domains", async () => {
    const [, dry, some, rest, none] = await runAll([
      "provision",
      "migrate --dry-run",
      "migrate --domain welcome",
      "migrate --json",
      "migrate",
    ]);
    expect(dry).toMatchObject({
      code: 0,
      out: "guestbook: would run 0001-entry.sql\nwelcome: would run 0001-greeting.sql\n",
    });
    expect(some).toMatchObject({ code: 0, out: "welcome: ran 0001-greeting.sql\n" });
    expect(jsonOf(rest)).toEqual({
      ok: true,
      command: "migrate",
      data: [
        { domain: "guestbook", migrations: ["0001-entry.sql"], builds: [] },
        { domain: "welcome", migrations: [], builds: [] },
      ],
    });
    expect(none).toMatchObject({ code: 0, out: "guestbook: nothing to do\nwelcome: nothing to do\n" });
  });

  test("of a domain that is not there is wrong usage", async () => {
    const [, ended] = await runAll(["provision", "migrate --domain guestbook,nobody,else"]);
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining("DOMAIN_UNKNOWN, see docs/errors/") });
    expect(ended?.err).toContain('"nobody", "else"');
  });

  test("that fails says which file and why", async () => {
    await run("provision");
    await folder.write("domains/welcome/migrations/0002-wrong.sql", "alter table nothing add column x int;\n");
    const ended = await run("migrate --json");
    expect(ended.code).toBe(3);
    expect(jsonOf(ended)).toMatchObject({
      ok: false,
      command: "migrate",
      error: { code: "MIGRATION_FAILED", details: { domain: "welcome", migration: "0002-wrong.sql" } },
    });
  });
});

test("polder migrate that is interrupted while it waits says so, and leaves nothing half done", async () => {
  await run("provision");
  const holder = await database.admin.connect();
  await holder.query("select pg_advisory_lock(hashtextextended('polder migrate welcome', 0))");
  await using waiting = startPolder(["migrate", "--domain", "welcome"], { cwd: folder.path, env: environment.env });
  const tried =
    "select from pg_stat_activity where datname = current_database() and query like '%pg_try_advisory_lock%' and pid <> pg_backend_pid()";
  await until(async () => (await holder.query(tried)).rows.length > 0, "it waits for the lock");
  waiting.child.kill("SIGINT");
  expect(await waiting.ended).toMatchObject({ code: 3, out: "", err: expect.stringContaining("INTERRUPTED, see ") });
  await holder.end();
  expect(await run("migrate")).toMatchObject({
    code: 0,
    out: expect.stringContaining("welcome: ran 0001-greeting.sql"),
  });
});

describe("polder domains", () => {
  test("tells who owns what, without a database", async () => {
    const nowhere = { DATABASE_URL: "postgres://nobody:secret-of-nobody@127.0.0.1:1/nothing" };
    const [ended, asJson] = await runAll(["domains", "domains --json"], nowhere);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended?.out).toBe(`guestbook
  Remember who was here
  owner       Hosts (#hosts)
  publishes   guestbook@1.0.0, guestbook.Signed@1.0.0
  open        guestbook.sign (anyone), guestbook.entries (anyone)
  needs       -
  subscribes  -

welcome
  Greet those who come
  owner       Hosts (#hosts)
  publishes   welcome@1.0.0
  open        welcome.greeted (anyone)
  needs       guestbook.Signed@1.0.0
  subscribes  greet-guests
`);
    expect(jsonOf(asJson)).toMatchObject({
      ok: true,
      command: "domains",
      data: [
        { name: "guestbook", owner: { name: "Hosts" } },
        { name: "welcome", needs: [{ kind: "event", name: "guestbook.Signed", version: "1.0.0" }] },
      ],
    });
  });

  test("says which needs are not essential, and which queries have fallbacks", async () => {
    await folder.edit(
      "domains/welcome/domain.ts",
      ["{ Signed }", "{ Guestbook, Signed }"],
      [
        "needs: [",
        'needs: [need(Guestbook, "1.0.0", { essential: false, fallbacks: { entries: () => ({ entries: [] }) } }), ',
      ],
    );
    const [ended, asJson] = await runAll(["domains", "domains --json"]);
    expect(ended?.out).toContain(
      "  needs       guestbook@1.0.0 (not essential; fallbacks: entries), guestbook.Signed@1.0.0\n",
    );
    const { data } = jsonOf(asJson) as { data: readonly { needs: readonly object[] }[] };
    expect(data[1]?.needs).toEqual([
      { kind: "api", name: "guestbook", version: "1.0.0", essential: false, fallbacks: ["entries"] },
      { kind: "event", name: "guestbook.Signed", version: "1.0.0" },
    ]);
  });

  test("finds the configuration from below, by name, or says that there is none", async () => {
    const below = await polder(["domains", "--json"], { cwd: `${folder.path}/domains/welcome` });
    expect(below.code).toBe(0);
    const named = await polder(["domains", "--config", `${folder.path}/polder.config.ts`], { cwd: "/" });
    expect(named.code).toBe(0);
    const none = await polder(["domains"], { cwd: "/" });
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining("CONFIG_NOT_FOUND, see docs/errors/") });
  });

  test("that are wrong are all named", async () => {
    await folder.write("domains/welcome/index.ts", "export default 5;\n");
    await folder.write("domains/guestbook/index.ts", "export default {;\n");
    const ended = await run("domains");
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("DOMAINS_INVALID") });
    expect(ended.err).toContain("./domains/welcome: ");
    expect(ended.err).toContain("domains/guestbook/index.ts:1");
  });
});

describe("a database that cannot be had", () => {
  test("nobody there", async () => {
    const nowhere = createServer().listen(0, "127.0.0.1");
    await once(nowhere, "listening");
    const { port } = nowhere.address() as { port: number };
    nowhere.close();
    const env = { DATABASE_URL: `postgres://shop:hunter2@127.0.0.1:${port}/shop` };
    const commands = ["provision", "migrate", "subscriptions", "events tail --no-follow", "dead-letters list"];
    const all = await runAll(
      commands.flatMap((command) => [command, `${command} --json`]),
      env,
    );
    for (const [index, command] of commands.entries()) {
      const [ended, asJson] = all.slice(2 * index, 2 * index + 2);
      const refused = { code: 3, out: "", err: expect.stringContaining("POSTGRES_UNREACHABLE, see ") };
      expect(ended, command).toMatchObject(refused);
      expect(jsonOf(asJson), command).toMatchObject({ error: { code: "POSTGRES_UNREACHABLE" } });
    }
    expect(written).not.toContain("hunter2");
  });

  test("another password", async () => {
    const { host, port, user, database: name } = database.address;
    const env = { DATABASE_URL: `postgres://${user}:hunter2@${host}:${port}/${name}` };
    expect(await run("provision", env)).toMatchObject({
      code: 3,
      err: expect.stringContaining("POSTGRES_AUTH_FAILED"),
    });
    expect(written).not.toContain("hunter2");
  });

  test("an address that is none", async () => {
    const env = { DATABASE_URL: "hunter2@somewhere" };
    const ended = await run("provision", env);
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("URL_INVALID") });
    expect(ended.err).toContain("DATABASE_URL");
    await folder.edit("polder.config.ts", ["gateway:", 'database: "hunter2@elsewhere",\n  gateway:']);
    const configured = await run("provision");
    expect(configured).toMatchObject({ code: 2, err: expect.stringContaining("URL_INVALID") });
    expect(configured.err).toContain('"database" of the configuration');
    expect(written).not.toContain("hunter2");
  });
});

test("a database that has no homes yet", async () => {
  for (const ended of await runAll(["subscriptions", "events tail --no-follow", "dead-letters list", "start"]))
    expect(ended).toMatchObject({ code: 3, out: "", err: expect.stringContaining("NOT_PROVISIONED") });
});
