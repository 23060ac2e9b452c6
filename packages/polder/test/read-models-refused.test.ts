import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { hostGuestbook } from "./guestbook-host.ts";
import { type Ended, jsonOf, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

// What `polder read-models` refuses to do to a roll of those who have signed, so that no reader sees less than before.

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  // Transactions are held open here.
  server = await testServer({ own: "read-models" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
  await folder.write("domains/welcome/roll.ts", roll(1));
  await folder.edit(
    "domains/welcome/index.ts",
    [
      'import { welcome } from "./domain.ts";',
      'import { welcome } from "./domain.ts";\nimport { roll } from "./roll.ts";',
    ],
    ["subscriptions: [greetGuests]", "subscriptions: [greetGuests], readModels: [roll]"],
  );
  for (const command of ["provision", "migrate"]) expect(await run(command)).toMatchObject({ code: 0, err: "" });
  await using host = await hostGuestbook({ cwd: folder.path, env: environment.env });
  for (const guest of ["Ada", "Grace"]) await sign(host, guest);
  await until(async () => (await guests()).length === 2, "both are on the roll");
});
afterEach(() => opened.disposeAsync());

async function sign({ gateway }: { readonly gateway: string }, guest: string): Promise<void> {
  const answer = await fetch(`${gateway}/guestbook/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ guest, words: "Hello" }),
  });
  expect(answer.status).toBe(200);
}

/** The roll of those who have signed; Grace may be one whom it cannot bear. */
function roll(version: number, bears = true): string {
  return `
import { readModel } from "polder";
import { welcome } from "./domain.ts";

export const roll = readModel(welcome, "roll", {
  version: ${version},
  tables: "create table roll (guest text primary key${version === 1 ? "" : `, nickname text /* ${version} */`})",
  each: {
    "guestbook.Signed": async ({ event, tx }) => {
      if (${!bears} && event.data.guest === "Grace") throw new Error("no room for her");
      await tx.sql\`insert into roll (guest) values (\${event.data.guest}) on conflict do nothing\`;
    },
  },
  options: { attemptsMax: 1 },
});
`;
}

async function run(args: string): Promise<Ended> {
  return await polder(args.split(" "), { cwd: folder.path, env: environment.env });
}

/** Runs a command that is refused; gives what it says. */
async function refused(args: string, code: string): Promise<string> {
  const ended = await run(args);
  expect(ended).toMatchObject({ code: 3, out: "" });
  expect(ended.err).toContain(`${code}, see docs/errors/${code}.md`);
  return ended.err;
}

async function guests(): Promise<readonly string[]> {
  const { rows } = await database.admin.query<{ guest: string }>("select guest from welcome.roll order by guest");
  return rows.map(({ guest }) => guest);
}

test("BUILD_BEHIND: a build that nobody has kept does not serve, unless that is what is wanted", async () => {
  await folder.write("domains/welcome/roll.ts", roll(2));
  expect(await run("migrate")).toMatchObject({ code: 0 });
  expect(await refused("read-models switch welcome/roll", "BUILD_BEHIND")).toContain(
    "Build 2 of welcome/roll has not come as far as the one that serves: whoever reads would see less than before.",
  );
  expect(await guests()).toEqual(["Ada", "Grace"]);
  const json = await run("read-models switch welcome/roll --json");
  expect(jsonOf(json)).toMatchObject({
    ok: false,
    error: { code: "BUILD_BEHIND", details: { domain: "welcome", name: "roll", build: 2 } },
  });
  expect(await run("read-models switch welcome/roll --even-if-behind")).toMatchObject({ code: 0 });
  expect(await guests()).toEqual([]);
});

test("a build that processes keep, and that is only a moment behind, is waited for", async () => {
  const { env } = environment;
  await using host = await hostGuestbook({ cwd: folder.path, env });
  expect(await run("read-models rebuild welcome/roll")).toMatchObject({ code: 0 });
  await using holding = { session: await database.admin.connect(), [Symbol.asyncDispose]: () => holding.session.end() };
  const { session } = holding;
  await session.query("begin");
  await session.query("select from welcome._checkpoint where subscription = 'read-model-roll-1' for update");
  await sign(host, "Edsger");
  await until(async () => (await guests()).length === 3, "the build that serves has it");
  await using switching = startPolder(["read-models", "switch", "welcome/roll"], { cwd: folder.path, env });
  const tried =
    "select from pg_stat_activity where application_name = 'polder read-models' and query ~ '_switch_build' and state = 'idle'";
  await until(async () => (await database.admin.query(tried)).rows.length > 0, "it has been tried");
  await session.query("rollback");
  expect(await switching.ended).toMatchObject({ code: 0, out: "Build 1 of welcome/roll serves.\n" });
  expect(await guests()).toEqual(["Ada", "Edsger", "Grace"]);
});

test("BUILD_INCOMPLETE: a build from a log that has lost events waits for somebody to say that it is good enough", async () => {
  await database.admin.query("delete from polder.log_guestbook where seq = 1");
  await folder.write("domains/welcome/roll.ts", roll(2));
  const said = await refused("read-models rebuild welcome/roll", "BUILD_INCOMPLETE");
  expect(said).toContain('what the one that serves has: the log of "guestbook" begins with position 2. Look at it');
  expect(await guests()).toEqual(["Ada", "Grace"]);
  expect(await run("read-models switch welcome/roll")).toMatchObject({ code: 0 });
  expect(await guests()).toEqual(["Grace"]);
});

test("BUILD_INCOMPLETE: so does one that could not handle an event", async () => {
  await folder.write("domains/welcome/roll.ts", roll(2, false));
  const said = await refused("read-models rebuild welcome/roll", "BUILD_INCOMPLETE");
  expect(said).toContain("what the one that serves has: 1 event could not be handled. Look at it");
  expect(await guests()).toEqual(["Ada", "Grace"]);
  expect((await run("read-models")).out).toMatch(/welcome\/roll +2 \(version 2\) +building .* 1 parked/);
});

test("BUILD_BUSY: nothing is switched or dropped while somebody reads", async () => {
  await folder.write("domains/welcome/roll.ts", roll(2));
  await using reading = { session: await database.admin.connect(), [Symbol.asyncDispose]: () => reading.session.end() };
  const { session } = reading;
  const whileReading = async (table: string, args: string): Promise<string> => {
    await session.query("begin");
    await session.query(`select from ${table}`);
    const said = await refused(args, "BUILD_BUSY");
    await session.query("rollback");
    return said;
  };
  expect(await run("read-models rebuild welcome/roll --by-hand")).toMatchObject({ code: 0 });
  const said = 'The tables of "roll" of "welcome" are being read by a long query, so build';
  expect(await whileReading("welcome.roll", "read-models switch welcome/roll")).toContain(`${said} 2 was not touched.`);
  expect(await whileReading("welcome__build_2.roll", "read-models drop welcome/roll")).toContain(
    `${said} 2 was not touched.`,
  );
  expect((await run("read-models")).out).toMatch(/1 \(version 1\) +serving[\s\S]* 2 \(version 2\) +building/);
  expect(await run("read-models switch welcome/roll")).toMatchObject({ code: 0 });
  expect(await run("read-models drop welcome/roll")).toMatchObject({
    code: 0,
    out: "Dropped of welcome/roll: build 1.\n",
  });
});

test("a build is set back by the name of its subscription, and a read model is built anew instead", async () => {
  const named = await run("events replay welcome/roll --from 1 --yes");
  expect(named).toMatchObject({ code: 2, out: "" });
  expect(named.err).toContain(
    'no subscription "roll"; it has greet-guests, read-model-roll-1. "roll" is a read model: "polder read-models rebuild welcome/roll" builds it anew.',
  );
  const done = await run("events replay welcome/read-model-roll-1 --from 2 --yes");
  expect(done).toMatchObject({ code: 0, err: "", out: expect.stringContaining("1 event will be handled again") });
  const reached = async () =>
    (
      await database.admin.query<{ seq: string }>(
        "select seq from welcome._checkpoint where subscription = 'read-model-roll-1'",
      )
    ).rows;
  expect(await reached()).toEqual([{ seq: "1" }]);
  await using _host = await hostGuestbook({ cwd: folder.path, env: environment.env });
  await until(async () => (await reached()).every((row) => row.seq === "2"), "it has come to the end again");
  expect(await guests()).toEqual(["Ada", "Grace"]);
});
