import { join } from "node:path";
import { homeOf } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { makeBuilds } from "@polder/reading";
import { openProject, type Project, readModel } from "polder";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checks, type Examination, type ExamineOptions, examine } from "../src/doctor/examine.ts";
import { keyChecks } from "../src/doctor/key-checks.ts";
import { machineChecks } from "../src/doctor/machine-checks.ts";
import { welcome } from "./guestbook/domains/welcome/domain.ts";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { jsonOf } from "./polder-process.ts";
import { copyGuestbook } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  // A server of its own: what is wrong with a server is wrong for everybody on it.
  server = await testServer({ own: "doctor", durable: true });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(guestbookHomes));
});
afterEach(() => opened.disposeAsync());

async function open(env: Readonly<Record<string, string>> = {}): Promise<Project> {
  const from = join(import.meta.dirname, "guestbook");
  return opened.use(await openProject({ from, env: { ...guestbookEnvironment(database).env, ...env } }));
}

/** What the guestbook's code does not declare. */
const forgotten = readModel(welcome, "roll", {
  version: 1,
  tables: "create table roll (guest text primary key)",
  each: { "guestbook.Signed": async () => undefined },
});

interface Wrong extends ExamineOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly project?: Partial<Project>;
  readonly config?: Partial<Project["loaded"]["config"]>;
}

async function examination({ env, project: other, config, ...options }: Wrong = {}): Promise<Examination> {
  const project = await open(env);
  const { loaded, domains } = project;
  return await examine(
    { ...project, domains, loaded: { ...loaded, config: { ...loaded.config, ...config } }, ...other },
    options,
  );
}

const covered = new Set<string>();

/** Says what the doctor finds of a code. */
async function found(code: string, wrong: Wrong = {}): Promise<readonly object[]> {
  covered.add(code);
  const { findings } = await examination(wrong);
  return findings.filter((finding) => finding.code === code);
}

async function sql(text: string): Promise<void> {
  await database.admin.query(text);
}

/** Sets something of the server until the test ends. */
async function setting(name: string, value: string): Promise<void> {
  const reload = async (text: string, expected: string): Promise<void> => {
    await sql(text);
    await sql("select pg_reload_conf()");
    await until(async () => {
      const { rows } = await database.admin.query<{ now: string }>("select current_setting($1) as now", [name]);
      return rows[0]?.now === expected;
    }, `${name} is ${expected}`);
  };
  const { rows } = await database.admin.query<{ before: string }>("select current_setting($1) as before", [name]);
  opened.defer(() => reload(`alter system reset ${name}`, rows[0]?.before ?? ""));
  await reload(`alter system set ${name} = ${value}`, value);
}

const says = (what: string, more: object = {}): object => ({ what: expect.stringContaining(what), ...more });

/** A subscription that has read up to a position of a log that holds so many events. */
async function events(count: number, { reached, agedSeconds = 0 }: { reached: number; agedSeconds?: number }) {
  await sql(`
    insert into polder.log_guestbook (seq, outbox_id, part, event_id, key, type, version, data, at, relayed_at)
    select n, n, 0, gen_random_uuid(), 'Ada', 'guestbook.Signed', '1.0.0', '{}', now(), now() - interval '${agedSeconds} s'
    from generate_series(1, ${count}) n`);
  await sql(`update polder.relay set seq = ${count} where domain = 'guestbook'`);
  await sql(`
    insert into welcome._checkpoint (subscription, publisher, part_lo, part_hi, seq, owner, lease_until)
    values ('greet-guests', 'guestbook', 0, 63, ${reached}, gen_random_uuid(), now() + interval '10 s')`);
}

test("a project that is well has no finding", async () => {
  await events(3, { reached: 3 });
  const { findings, looked, notLooked } = await examination();
  expect({ findings, notLooked }).toEqual({ findings: [], notLooked: [] });
  expect(looked).toEqual(checks.map(({ code }) => code));
});

describe("the server", () => {
  test("that cannot be reached: what needs it is not looked at", async () => {
    covered.add("database-unreachable");
    const { findings, looked, notLooked } = await examination({
      env: { DATABASE_URL: "postgres://someone:hidden@127.0.0.1:9/nothing" },
    });
    expect(findings).toMatchObject([{ code: "database-unreachable", severity: "error" }]);
    expect(JSON.stringify(findings)).not.toContain("hidden");
    expect(looked).toContain("url-unreachable");
    expect(notLooked).toContain("dead-letters");
  });

  test("whose clock is another one", async () => {
    expect(await found("clock-wrong", { now: () => Date.now() + 61_000 })).toMatchObject([
      says("ahead of", { severity: "error" }),
    ]);
    expect(await found("clock-wrong", { now: () => Date.now() - 61_000 })).toMatchObject([says("behind")]);
    const config = { identity: { clockToleranceSeconds: 60 } };
    const bearable = { config, now: () => Date.now() + 30_000 };
    expect(await found("clock-wrong", bearable)).toMatchObject([says("ahead of", { severity: "warning" })]);
  });

  test("that is too old", async () => {
    expect(await found("postgres-outdated", { now: () => Date.parse("2031-01-01") })).toMatchObject([
      says("PostgreSQL 18 is not maintained since 2030-11-14"),
    ]);
  });

  test("that cannot write", async () => {
    await sql(`alter database "${database.address.database}" set default_transaction_read_only = on`);
    expect(await found("read-only")).toMatchObject([says("default_transaction_read_only is on")]);
  });

  test("that would lose data", async () => {
    await setting("fsync", "off");
    await setting("synchronous_commit", "off");
    expect(await found("durability-off")).toMatchObject([
      says("fsync is off", { severity: "error" }),
      says("synchronous_commit is off", { severity: "warning" }),
    ]);
  });

  test("that does not clean up", async () => {
    await setting("autovacuum", "off");
    expect(await found("autovacuum-off")).toHaveLength(1);
  });

  test("that ends sessions and transactions", async () => {
    await sql(`alter database "${database.address.database}" set idle_session_timeout = '10min'`);
    await sql(`alter database "${database.address.database}" set transaction_timeout = '29s'`);
    expect(await found("timeouts-short")).toMatchObject([says("600000 ms"), says("29000 ms")]);
  });

  test("with too few connections", async () => {
    expect(await found("connections-short", { config: { connectionsMax: 100 } })).toMatchObject([
      says("may take 201 connections"),
    ]);
    expect(await found("connections-short", { config: { connectionsMax: 100, prepare: false } })).toEqual([]);
  });
});

describe("what is held open", () => {
  test("a transaction", async () => {
    const tx = database.admin.begin();
    await tx.query("select pg_current_xact_id()");
    expect(await found("transaction-long", { limits: { transactionMs: 0 } })).toMatchObject([
      says("is open for", { remedy: expect.stringMatching(/pg_terminate_backend\(\d+\)/) }),
    ]);
    await tx.rollback();
  });

  test("a prepared transaction", async () => {
    const client = await database.admin.connect();
    await client.query("begin");
    await client.query("select pg_current_xact_id()");
    await client.query("prepare transaction 'left behind'");
    expect(await found("transaction-prepared", { limits: { transactionMs: 0 } })).toMatchObject([
      says('"left behind"'),
    ]);
    await client.query("rollback prepared 'left behind'");
    await client.end();
  });

  test("a replication slot that nobody reads", async () => {
    await sql("select pg_create_physical_replication_slot('forgotten', true)");
    expect(await found("slot-unused", { limits: { slotBytes: 0 } })).toMatchObject([says('"forgotten"')]);
    await sql("select pg_drop_replication_slot('forgotten')");
  });
});

describe("the homes", () => {
  test("that are missing: what needs them is not looked at", async () => {
    await sql("drop table welcome._parked");
    covered.add("home-missing");
    const { findings, notLooked } = await examination();
    expect(findings).toMatchObject([says("welcome._parked missing", { code: "home-missing" })]);
    expect(notLooked).toContain("dead-letters");
  });

  test("that are behind the declarations", async () => {
    await sql("delete from polder.installed where scope = 'welcome' and step = 'needs'");
    expect(await found("provision-pending")).toMatchObject([says("welcome: needs", { severity: "error" })]);
  });

  test("that somebody has changed", async () => {
    await sql("grant select on welcome.greeting to guestbook_app");
    expect(await found("provision-drift")).toMatchObject([
      says("select is granted to guestbook_app", { remedy: expect.stringContaining("revoke select") }),
    ]);
  });

  test("whose roles have other passwords", async () => {
    const wrong = await found("login-refused", { env: { POLDER_SECRET_WELCOME_APP: "not this one" } });
    expect(wrong).toMatchObject([says("welcome_app", { severity: "error" })]);
    expect(JSON.stringify(wrong)).not.toContain("not this one");
    expect(await found("login-refused", { env: { POLDER_SECRET_WELCOME_APP: "" } })).toMatchObject([
      says("is not known here", { severity: "note" }),
    ]);
  });

  test("whose migrations have not run", async () => {
    await sql("delete from welcome._migration");
    expect(await found("migration-pending")).toMatchObject([says("welcome: 0001-greeting.sql has not run")]);
  });

  test("whose migrations were changed", async () => {
    await sql("update welcome._migration set hash = 'another'");
    await sql("update guestbook._migration set name = '0000-gone.sql'");
    expect(await found("migration-wrong")).toMatchObject([says("0000-gone.sql"), says("0001-greeting.sql")]);
  });

  test("that lack an index", async () => {
    await sql("drop index welcome._request_at_idx");
    await sql("alter table welcome._parked drop constraint _parked_pkey");
    expect(await found("index-missing")).toMatchObject([
      says("welcome._request has no index on (at)", { remedy: 'Run: create index on "welcome"."_request" (at)' }),
      says("welcome._parked", { remedy: expect.stringContaining("create unique index") }),
    ]);
  });

  test("that have an invalid index", async () => {
    await sql("insert into welcome.greeting (guest) values ('Ada'), ('Ada')");
    await expect(sql("create unique index concurrently one_each on welcome.greeting (guest)")).rejects.toThrow();
    expect(await found("index-invalid")).toMatchObject([says("welcome.one_each is invalid")]);
  });
});

describe("the way of the events", () => {
  test("a process that is silent", async () => {
    await sql(
      "insert into welcome._instance (id, host, pid, seen_at) values (gen_random_uuid(), 'elsewhere', 7, now() - interval '2 min')",
    );
    expect(await found("process-silent")).toMatchObject([says("process 7 on elsewhere was seen 1")]);
  });

  test("leases that have run out, or never do", async () => {
    await events(1, { reached: 1 });
    await sql("update welcome._checkpoint set lease_until = now() - interval '2 min'");
    expect(await found("lease-expired")).toMatchObject([says("64 of 64 parts of guestbook")]);
    await sql("update welcome._checkpoint set lease_until = 'infinity'");
    expect(await found("lease-stuck")).toMatchObject([says("far into the future", { severity: "error" })]);
  });

  test("an outbox that nobody empties", async () => {
    await sql(`
      insert into guestbook._outbox (event_id, key, type, version, data, at)
      values (gen_random_uuid(), 'Ada', 'guestbook.Signed', '1.0.0', '{}', now() - interval '10 min')`);
    expect(await found("outbox-stalled")).toMatchObject([says("1 events are not relayed, the oldest for 6")]);
  });

  test("a subscription that is far behind, or for long", async () => {
    await events(12, { reached: 1, agedSeconds: 400 });
    expect(await found("subscription-behind")).toMatchObject([says("11 positions and 4")]);
    const limits = { lagMs: 1_000_000 };
    expect(await found("subscription-behind", { limits })).toEqual([]);
    expect(await found("subscription-behind", { limits: { ...limits, lagEvents: 10 } })).toHaveLength(1);
  });

  test("dead letters", async () => {
    await events(1, { reached: 1 });
    await sql(`
      insert into welcome._parked (subscription, publisher, seq, part, event_id, key, type, version, data, at, state, error)
      values ('greet-guests', 'guestbook', 1, 0, gen_random_uuid(), 'Ada', 'guestbook.Signed', '1.0.0', '{}', now(), 'dead', 'the door is shut')`);
    expect(await found("dead-letters")).toMatchObject([
      says("given up on 1 events of guestbook. The oldest: the door"),
    ]);
  });

  test("a saga that stands still", async () => {
    await sql(
      "insert into welcome._saga (saga, key, input, stuck) values ('see-off', 'Ada', '{}', 'the door is shut')",
    );
    expect(await found("saga-stuck")).toMatchObject([says("welcome/see-off/Ada: the door is shut")]);
  });

  test("a subscription that is not there any more", async () => {
    await events(1, { reached: 1 });
    await sql("update welcome._checkpoint set subscription = 'send-cards'");
    const [finding] = (await found("subscription-forgotten")) as readonly { readonly remedy: string }[];
    expect(finding).toMatchObject(says("welcome/send-cards on guestbook"));
    for (const statement of finding?.remedy.replace(/^Run: /, "").split("; ") ?? []) await sql(statement);
    expect(await found("subscription-forgotten")).toEqual([]);
  });

  test("a read model that nobody declares any more", async () => {
    await makeBuilds({ admin: database.admin, home: homeOf("welcome"), copies: [forgotten] });
    expect(await found("read-model-forgotten")).toEqual([
      expect.objectContaining({ ...says("welcome/roll"), remedy: "Run: polder read-models drop welcome/roll" }),
    ]);
    // Its subscription is not taken for one of its own.
    expect(await found("subscription-forgotten")).toEqual([]);
  });
});

test("a role that may not look is told so, check by check", async () => {
  await sql("create role nosy login password 'nosy'");
  opened.defer(async () => {
    await using other = await server.database();
    await other.admin.query("drop role nosy");
  });
  const { host, port, database: name } = database.address;
  const { findings } = await examination({ env: { DATABASE_URL: `postgres://nosy:nosy@${host}:${port}/${name}` } });
  expect(findings).toContainEqual(
    expect.objectContaining({
      code: "dead-letters",
      what: expect.stringContaining("It could not be looked at: permission denied"),
    }),
  );
});

describe("polder doctor", () => {
  test("says it all, with exit code 1 when something is wrong", async () => {
    await using folder = await copyGuestbook();
    const { env, secrets } = guestbookEnvironment(database);
    const well = await polder(["doctor"], { cwd: folder.path, env });
    expect(well).toEqual({ code: 0, signal: null, err: "", out: `${checks.length} checks, no findings.\n` });
    await sql("delete from welcome._migration");
    const ill = await polder(["doctor"], { cwd: folder.path, env });
    expect(ill.code).toBe(1);
    expect(ill.out).toContain("warning  migration-pending\n  welcome: 0001-greeting.sql has not run.\n");
    expect(ill.out).toContain("See docs/doctor.md#migration-pending\n");
    const json = await polder(["doctor", "--json"], { cwd: folder.path, env });
    expect(json.code).toBe(1);
    expect(jsonOf(json)).toMatchObject({
      ok: false,
      command: "doctor",
      data: {
        findings: [{ code: "migration-pending", severity: "warning", page: "docs/doctor.md#migration-pending" }],
      },
    });
    for (const secret of secrets) for (const ended of [well, ill, json]) expect(ended.out).not.toContain(secret);
  });
});

test("every check is tested here, or where the others of keys and of this machine are", () => {
  const elsewhere = new Set([...keyChecks, ...machineChecks].map(({ code }) => code));
  const here = checks.map(({ code }) => code).filter((code) => !elsewhere.has(code));
  expect([...covered].sort()).toEqual(here.sort());
});
