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

/** Signing is answered by a saga: it writes the entry down, then waits a long time, unless somebody has a mistake in its code. */
const signing = (name: string) => `
import { handler, saga } from "polder";
import { z } from "zod";
import { Guestbook } from "./contract.ts";
import { guestbook } from "./domain.ts";

export const signing = saga(guestbook, "signing", {
  input: z.object({ guest: z.string(), words: z.string() }),
  answers: Guestbook.sign,
  options: { backoffMs: 1, backoffMaxMs: 2 },
  run: async ({ input, key, local, pause, answer }) => {
    await local("write", {
      run: async ({ tx }) => {
        await tx.sql\`insert into entry (entry_id, guest, words) values (\${key}, \${input.guest}, \${input.words})\`;
      },
      undo: async ({ tx }) => {
        await tx.sql\`delete from entry where entry_id = \${key}\`;
      },
    });
    await answer({ entryId: key });
    if (input.guest === "Mallory") ${name}();
    await pause("a day", 86_400_000);
  },
});

export const sign = handler(guestbook, Guestbook.sign, async ({ input, tx }) =>
  tx.start(signing, crypto.randomUUID(), input),
);
`;

async function run(...args: readonly string[]): Promise<Ended> {
  return await polder(args, { cwd: folder.path, env: environment.env });
}

test("a saga answers its caller, is shown with its steps, stands still over a mistake, goes on with better code, and is taken back", {
  timeout: 120_000,
}, async () => {
  await folder.write("domains/guestbook/sign-book.ts", signing("missing"));
  await folder.edit(
    "domains/guestbook/index.ts",
    ["import { sign } from", "import { sign, signing } from"],
    ["apis:", "sagas: [signing], apis:"],
  );
  for (const command of ["provision", "migrate"]) expect((await run(command)).code).toBe(0);
  const start = () =>
    startPolder(["start", "--gateway", "--gateway-port", "0"], { cwd: folder.path, env: environment.env });
  {
    await using running = start();
    const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
    for (const guest of ["Ada", "Mallory"]) {
      const answer = await fetch(`${url}/guestbook/v1/entries`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ guest, words: "Hello" }),
      });
      expect(answer.status).toBe(200);
    }
    await holds("stuck is not null");
  }
  const [stuck] = await sagas("--stuck");
  expect(stuck).toMatchObject({ state: "forward", stuck: expect.stringContaining("missing is not defined") });
  expect((await run("sagas", "list")).code).toBe(1);
  const shown = await run("sagas", "show", String(stuck?.name));
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/write +local +done +1/);
  expect(shown.out).toContain('input    {"guest":"Mallory","words":"Hello"}');

  await folder.write("domains/guestbook/sign-book.ts", signing("String"));
  expect((await run("sagas", "resume", String(stuck?.name))).out).toContain("goes on");
  await using _running = start();
  await holds("key = $1 and stuck is null and wake_at > now()", String(stuck?.key));
  expect((await run("sagas", "abort", String(stuck?.name), "--reason", "spam")).code).toBe(0);
  await holds("state = 'undone'");
  expect((await sagas("--all")).map(({ state }) => state).toSorted()).toEqual(["forward", "undone"]);
  expect((await run("sagas", "abort", String(stuck?.name))).err).toContain("SAGA_NOT_RUNNING");
  const { rows } = await database.admin.query<{ guest: string }>("select guest from guestbook.entry");
  expect(rows).toEqual([{ guest: "Ada" }]);
});

async function sagas(...options: readonly string[]) {
  const { data } = jsonOf(await run("sagas", "list", "--json", ...options)) as {
    readonly data: readonly { name: string; key: string; state: string; stuck: string | null }[];
  };
  return data;
}

async function holds(condition: string, ...values: readonly unknown[]): Promise<void> {
  const sqlText = `select from guestbook._saga where ${condition}`;
  await until(async () => (await database.admin.query(sqlText, values)).rows.length > 0, condition);
}
