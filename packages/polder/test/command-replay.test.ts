import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { hostGuestbook } from "./guestbook-host.ts";
import { type Ended, jsonOf } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder, polderEach } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(guestbookHomes));
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
  const { gateway } = opened.use(await hostGuestbook({ cwd: folder.path, env: environment.env }));
  for (const guest of ["Ada", "Bob", "Cora"]) {
    const answer = await fetch(`${gateway}/guestbook/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ guest, words: "Hello" }),
    });
    expect(answer.status).toBe(200);
  }
  await greeted("Ada 1, Bob 1, Cora 1");
});
afterEach(() => opened.disposeAsync());

async function run(args: string): Promise<Ended> {
  return await polder(args.split(" "), { cwd: folder.path, env: environment.env });
}

async function greeted(expected: string): Promise<void> {
  const query =
    "select coalesce(string_agg(guest || ' ' || times, ', ' order by guest), '') as said from (select guest, count(*) as times from welcome.greeting group by guest) g";
  await until(async () => (await database.admin.query<{ said: string }>(query)).rows[0]?.said === expected, expected);
}

describe("polder events replay", () => {
  test("says what it would do, then does it, and running processes handle the events again", async () => {
    const looked = await run("events replay welcome/greet-guests --from 2 --dry-run");
    expect(looked).toMatchObject({ code: 0, err: "" });
    expect(looked.out).toContain("from position 3 to 1. 2 events will be handled again:\n  guestbook.Signed");
    expect(looked.out).toContain("Nothing was done.");
    const asked = await run("events replay welcome/greet-guests --from 2");
    expect(asked).toMatchObject({ code: 2, out: "" });
    expect(asked.err).toContain("2 events will be handled again");
    expect(asked.err).toContain("Say --yes");
    await greeted("Ada 1, Bob 1, Cora 1");
    const done = await run("events replay welcome/greet-guests --from 2 --yes --json");
    expect(done.code).toBe(0);
    expect(jsonOf(done)).toEqual({
      ok: true,
      command: "events replay",
      data: {
        consumer: "welcome",
        subscription: "greet-guests",
        publisher: "guestbook",
        after: "1",
        reached: "3",
        again: { "guestbook.Signed": 2 },
        skipped: 0,
        parked: 0,
        done: true,
      },
    });
    await greeted("Ada 1, Bob 2, Cora 2");
  });

  test("takes a time", async () => {
    const { rows } = await database.admin.query<{ at: Date }>(
      "select relayed_at as at from polder.log_guestbook where seq = 1",
    );
    const day = rows[0]?.at.toISOString().slice(0, 10) ?? "";
    expect(await run(`events replay welcome/greet-guests --from ${day} --publisher guestbook --yes`)).toMatchObject({
      code: 0,
      out: expect.stringContaining("3 events will be handled again"),
    });
    await greeted("Ada 2, Bob 2, Cora 2");
  });

  test("never goes forward, over events that were not handled yet", async () => {
    await database.admin.query(
      "update welcome._checkpoint set seq = 1, epoch = epoch + 1, owner = gen_random_uuid(), lease_until = 'infinity'",
    );
    const ended = await run("events replay welcome/greet-guests --from 3 --yes");
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toContain("it would never see 1 event");
    const { rows } = await database.admin.query("select seq from welcome._checkpoint");
    expect(rows).toEqual([{ seq: "1" }]);
  });

  const mistakes = [
    ["welcome --from 1", "does not name a subscription"],
    ["welcome/nope --from 1", 'has no subscription "nope"; it has greet-guests'],
    ["nobody/nope --from 1", "DOMAIN_UNKNOWN"],
    ["welcome/greet-guests --from 1 --publisher welcome", "follows guestbook"],
    ["welcome/greet-guests --from yesterday", "neither a position"],
    ["welcome/greet-guests --from 2030-01-01T00:00", "neither a position"],
    ["welcome/greet-guests --from 99 --yes", "POSITION_UNAVAILABLE"],
    ["welcome/greet-guests", "required option '--from <place>'"],
  ] as const;

  test("refuses what cannot be meant", async () => {
    const all = await polderEach(
      mistakes.map(([args]) => `events replay ${args}`),
      { cwd: folder.path, env: environment.env },
    );
    for (const [index, [args, reason]] of mistakes.entries()) {
      const refused = { code: 2, out: "", err: expect.stringContaining(reason) };
      expect(all[index], args).toMatchObject(refused);
    }
  });
});

test("dead-letters show finds one beyond those that a list shows", async () => {
  await database.admin.query(`
    insert into welcome._parked (subscription, publisher, seq, part, event_id, key, type, version, data, at, state, error)
    select 'greet-guests', 'guestbook', n, 0, gen_random_uuid(), 'key ' || n, 'guestbook.Signed', '1.0.0', '{}', now(), 'dead', 'no'
    from generate_series(1, 1200) n`);
  for (const seq of [1, 1200]) {
    const ended = await run(`dead-letters show welcome/greet-guests/guestbook/${seq} --json`);
    expect(ended.code).toBe(0);
    expect(jsonOf(ended)).toMatchObject({ data: { seq: String(seq), key: `key ${seq}`, state: "dead", waiting: 0 } });
  }
});
