import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { type Ended, jsonOf, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

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
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
});
afterEach(() => opened.disposeAsync());

/** Who has signed, in capitals or not. */
const roll = (version: number, sqlGuest: string) => `
import { readModel } from "polder";
import { welcome } from "./domain.ts";

export const roll = readModel(welcome, "roll", {
  version: ${version},
  tables: "create table roll (guest text primary key /* ${version} */)",
  each: {
    "guestbook.Signed": async ({ event, tx }) => {
      await tx.sql\`insert into roll (guest) values (${sqlGuest})\`;
    },
  },
});
`;
const asIs = `\${event.data.guest}`;
const inCapitals = `upper(\${event.data.guest})`;

async function declareRoll(): Promise<void> {
  await folder.write("domains/welcome/roll.ts", roll(1, asIs));
  await folder.edit(
    "domains/welcome/index.ts",
    [
      'import { welcome } from "./domain.ts";',
      'import { welcome } from "./domain.ts";\nimport { roll } from "./roll.ts";',
    ],
    ["subscriptions: [greetGuests]", "subscriptions: [greetGuests], readModels: [roll]"],
  );
}

async function declareRollNoMore(): Promise<void> {
  await folder.edit(
    "domains/welcome/index.ts",
    [", readModels: [roll]", ""],
    ['\nimport { roll } from "./roll.ts";', ""],
  );
}

async function run(...args: readonly string[]): Promise<Ended> {
  return await polder(args, { cwd: folder.path, env: environment.env });
}

async function guests(): Promise<readonly string[]> {
  const { rows } = await database.admin.query<{ guest: string }>("select guest from welcome.roll order by guest");
  return rows.map(({ guest }) => guest);
}

/** Two guests sign, and are on the roll. */
async function twoSign(): Promise<void> {
  const args = ["start", "--port", "0", "--gateway", "--gateway-port", "0"];
  await using running = startPolder(args, { cwd: folder.path, env: environment.env });
  const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
  for (const guest of ["Ada", "Grace"]) {
    const body = JSON.stringify({ guest, words: "Hello" });
    await fetch(`${url}/guestbook/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  }
  await until(async () => (await guests()).length === 2, "both are on the roll");
}

test("a read model is listed, built anew, switched to and back, and dropped", { timeout: 120_000 }, async () => {
  await declareRoll();
  await run("provision");
  expect((await run("migrate", "--dry-run")).out).toContain("would make the tables of roll (version 1)");
  expect((await run("migrate")).out).toContain("welcome: ran 0001-greeting.sql; made the tables of roll (version 1)");
  expect((await run("migrate")).out).toContain("welcome: nothing to do");
  await twoSign();

  const listed = await run("read-models", "list", "--json");
  expect(jsonOf(listed)).toMatchObject({
    ok: true,
    data: [
      {
        domain: "welcome",
        name: "roll",
        build: 1,
        version: 1,
        state: "serving",
        sources: [{ publisher: "guestbook", lag: 0 }],
      },
    ],
  });

  // Another version is made by migrate, built by whoever runs the domain: here nobody does but the command.
  await folder.write("domains/welcome/roll.ts", roll(2, inCapitals));
  expect((await run("migrate")).out).toContain("made the tables of roll (version 2)");
  expect(await guests()).toEqual(["Ada", "Grace"]);
  const rebuilt = await run("read-models", "rebuild", "welcome/roll");
  expect(rebuilt).toMatchObject({ code: 0, out: "Build 2 of welcome/roll serves.\n" });
  expect(rebuilt.err).toContain("welcome/roll is built anew as build 2, which was begun before.");
  expect(await guests()).toEqual(["ADA", "GRACE"]);

  expect((await run("read-models", "switch", "welcome/roll")).out).toBe("Build 1 of welcome/roll serves.\n");
  expect(await guests()).toEqual(["Ada", "Grace"]);
  const byHand = await run("read-models", "rebuild", "welcome/roll", "--by-hand");
  expect(byHand.out).toBe(
    "Build 3 of welcome/roll has caught up; let it serve with polder read-models switch welcome/roll.\n",
  );
  expect((await run("read-models", "switch", "welcome/roll", "--build", "3")).code).toBe(0);
  expect(await guests()).toEqual(["ADA", "GRACE"]);
  const table = await run("read-models");
  expect(table.out).toMatch(/welcome\/roll +3 \(version 2\) +serving +\d+ +guestbook +0/);
  expect((await run("read-models", "drop", "welcome/roll")).out).toBe("Dropped of welcome/roll: build 1, build 2.\n");

  for (const [args, code, said] of [
    [["rebuild", "roll"], 2, "it is domain/name, such as storefront/order-history"],
    [["rebuild", "welcome/rolls"], 2, "READ_MODEL_UNKNOWN"],
    [["switch", "welcome/roll"], 2, "welcome/roll has no build besides the one that serves; it has 3 (serving)"],
    [["switch", "welcome/roll", "--build", "9"], 2, "BUILD_UNKNOWN"],
    [["drop", "welcome/roll", "--build", "3"], 2, "BUILD_UNFIT"],
  ] as const) {
    const ended = await run("read-models", ...args);
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(said)]);
  }

  // What the code does not declare any more goes as a whole.
  await declareRollNoMore();
  expect((await run("read-models", "drop", "welcome/roll")).out).toBe("Dropped of welcome/roll: build 3.\n");
  expect((await run("read-models")).out).toBe("No read models and no replicas.\n");
  const { rows } = await database.admin.query(
    "select from pg_namespace where nspname like 'welcome\\_\\_%' union all select from polder.subscriber where subscription like 'read-model%'",
  );
  expect(rows).toEqual([]);
});
