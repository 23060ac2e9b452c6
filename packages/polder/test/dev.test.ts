import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { type PolderProcess, startPolder } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let dev: PolderProcess;
let url: string;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(guestbookHomes));
  folder = opened.use(await copyGuestbook());
  // These tests ask as fast as they can.
  await folder.edit("polder.config.ts", ["port: 4000", "port: 4000, rateLimit: { perSecond: 100_000 }"]);
  dev = opened.use(
    startPolder(["dev", "--gateway-port", "0"], { cwd: folder.path, env: guestbookEnvironment(database).env }),
  );
  [, url = ""] = await dev.says(/gateway +(http:\S+)/);
});
afterEach(async () => {
  await using _opened = opened;
  dev.child.kill("SIGTERM");
  expect((await dev.ended).code).toBe(0);
});

/** Changes something, and waits for a line that says what came of it; gives all that was said meanwhile. */
async function changing(change: () => Promise<void>, says: RegExp): Promise<string> {
  const before = dev.said();
  await change();
  await dev.says(says, before);
  return dev.said().err.slice(before.err.length);
}

async function instance(domain: string): Promise<string> {
  const { rows } = await database.admin.query<{ id: string }>(`select id from "${domain}"._instance`);
  expect(rows).toHaveLength(1);
  return rows[0]?.id ?? "";
}

const instances = (): Promise<readonly string[]> => Promise.all(["guestbook", "welcome"].map(instance));

async function get(path: string): Promise<unknown> {
  return await (await fetch(`${url}${path}`)).json();
}

/** Waits until an answer says something: several files may be looked at one after the other. */
async function answers(path: string, words: string): Promise<void> {
  await until(async () => JSON.stringify(await get(path)).includes(words), `${path} answers ${words}`);
}

async function sign(guest: string): Promise<number> {
  const { status } = await fetch(`${url}/guestbook/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ guest, words: "Hello" }),
  });
  return status;
}

const readEntries = "domains/guestbook/read-entries.ts";
const contract = "domains/guestbook/contract.ts";

describe("a changed file", () => {
  test("of a handler reloads its domain; the other one keeps its instance, and answers all the while", async () => {
    const [guestbook, welcome] = await instances();
    let answered = 0;
    let reloaded = false;
    const asking = (async () => {
      while (!reloaded) {
        expect((await fetch(`${url}/welcome/v1/greeted`)).status).toBe(200);
        answered += 1;
      }
    })();
    const edit = () => folder.edit(readEntries, ["entries: [", 'entries: [{ guest: "nobody", words: "changed" }, ']);
    const said = await changing(edit, /reloaded.*\n/);
    reloaded = true;
    await asking;
    expect(said).toMatch(/^\d\d:\d\d:\d\d reloaded guestbook in \d+ ms\n$/);
    expect(answered).toBeGreaterThan(0);
    expect(await get("/guestbook/v1/entries")).toEqual({ entries: [{ guest: "nobody", words: "changed" }] });
    expect(await instance("welcome")).toBe(welcome);
    const reborn = await instance("guestbook");
    expect(reborn).not.toBe(guestbook);
    const next = () => folder.edit("domains/welcome/who-was-greeted.ts", ["guests: found", "guests: found.slice(0)"]);
    expect(await changing(next, /reloaded.*\n/)).toContain(" reloaded welcome in ");
    expect(await instance("guestbook")).toBe(reborn);
  });

  test("that is put in place by renaming, as editors do, is seen each time", async () => {
    const drafts = join(folder.path, "drafts");
    await mkdir(drafts);
    for (const words of ["once", "twice"]) {
      const text = `import { handler } from "polder";
import { Guestbook } from "./contract.ts";
import { guestbook } from "./domain.ts";
export const entries = handler(guestbook, Guestbook.entries, async () => ({
  entries: [{ guest: "nobody", words: "${words}" }],
}));\n`;
      await writeFile(join(drafts, words), text);
      await changing(() => rename(join(drafts, words), join(folder.path, readEntries)), /reloaded guestbook/);
      expect(await get("/guestbook/v1/entries")).toEqual({ entries: [{ guest: "nobody", words }] });
    }
  });

  test("of a contract reloads whoever imports it", async () => {
    const before = await instances();
    const said = await changing(() => folder.edit(contract, ["max(80)", "max(3)"]), /reloaded.*\n/);
    expect(said).toContain("reloaded guestbook, welcome in");
    for (const one of await instances()) expect(before).not.toContain(one);
    expect(await sign("Adam")).toBe(400);
    expect(await sign("Ada")).toBe(200);
    await answers("/welcome/v1/greeted", "Ada");
  });

  test("that a contract imports reloads whoever imports the contract", async () => {
    const name = "domains/guestbook/name.ts";
    await folder.write(name, 'import { z } from "zod";\nexport const name = z.string().max(80);\n');
    const split = () =>
      folder.edit(
        contract,
        ['from "zod";', 'from "zod";\nimport { name } from "./name.ts";'],
        ["guest: z.string().min(1).max(80)", "guest: name"],
      );
    await changing(split, /reloaded guestbook, welcome/);
    const said = await changing(() => folder.edit(name, ["max(80)", "max(3)"]), /reloaded.*\n/);
    expect(said).toContain("reloaded guestbook, welcome in");
    expect(await sign("Adam")).toBe(400);
  });

  test("beside the domains reloads whoever imports it", async () => {
    const said = await changing(() => folder.edit("teams.ts", ["#hosts", "#doormen"]), /reloaded.*\n/);
    expect(said).toContain("reloaded guestbook, welcome in");
  });

  test("with a mistake keeps what runs and says where; what mends it is taken", async () => {
    const before = await instances();
    const broken = await changing(
      () => folder.edit(readEntries, ["handler(", "handler(("]),
      /could not reload[\s\S]*\.ts:\d/,
    );
    expect(broken).toContain("could not reload guestbook; what ran before goes on: ");
    expect(broken).toMatch(/\.\/domains\/guestbook: .*read-entries\.ts:\d+/);
    expect(await instances()).toEqual(before);
    expect(await get("/guestbook/v1/entries")).toEqual({ entries: [] });
    await changing(() => folder.edit(readEntries, ["handler((", "handler("]), /reloaded guestbook in/);
    expect(await instance("welcome")).toBe(before[1]);
  });

  test("of one domain waits for the mistake of another to be mended", async () => {
    await changing(() => folder.edit(readEntries, ["handler(", "handler(("]), /could not reload guestbook;/);
    const greeted = "domains/welcome/who-was-greeted.ts";
    const waiting = () => folder.edit(greeted, ["guests: found", 'guests: ["You"] ?? found']);
    await changing(waiting, /could not reload guestbook, welcome;/);
    expect(await get("/welcome/v1/greeted")).toEqual({ guests: [] });
    const mend = () => folder.edit(readEntries, ["handler((", "handler("]);
    await changing(mend, /reloaded guestbook, welcome in/);
    expect(await get("/welcome/v1/greeted")).toEqual({ guests: ["You"] });
  });

  test("that imports a file before that is there is loaded when it comes", async () => {
    const early = () =>
      folder.edit(readEntries, ['from "polder";', 'from "polder";\nimport { nobody } from "./nobody.ts";']);
    await changing(early, /could not reload guestbook; [\s\S]*nobody\.ts/);
    const late = () => folder.write("domains/guestbook/nobody.ts", "export const nobody = 0;\n");
    await changing(late, /reloaded guestbook/);
  });

  test("in a new folder is seen as well, also when that was removed and made again", async () => {
    const words = "domains/guestbook/words";
    for (const text of ["once", "again"]) {
      await mkdir(join(folder.path, words));
      await changing(
        () => folder.write(`${words}/words.ts`, `export const words = "${text}";\n`),
        /reloaded guestbook/,
      );
      await changing(() => folder.edit(`${words}/words.ts`, [text, `${text} more`]), /reloaded guestbook/);
      await changing(() => rm(join(folder.path, words), { recursive: true }), /reloaded guestbook/);
    }
  });
});

describe("a new migration", () => {
  const file = "domains/guestbook/migrations/0002-likes.sql";

  test("is run, and the code that needs it as well", async () => {
    const migrate = () => folder.write(file, "alter table entry add column likes int not null default 7;\n");
    const said = await changing(migrate, /reloaded guestbook in/);
    expect(said).toMatch(/guestbook: migrated.*0002-likes\.sql/);
    const use = () =>
      folder.edit(readEntries, ["select guest, words from", "select guest, words || likes as words from"]);
    await changing(use, /reloaded guestbook in/);
    expect(await sign("Ada")).toBe(200);
    expect(await get("/guestbook/v1/entries")).toEqual({ entries: [{ guest: "Ada", words: "Hello7" }] });
  });

  test("that fails keeps what runs; the mended one is run", async () => {
    const wrong = () => folder.write(file, "alter table nothing add column x int;\n");
    expect(await changing(wrong, /could not reload[\s\S]*nothing/)).toContain("0002-likes.sql");
    expect(await sign("Ada")).toBe(200);
    await changing(() => folder.write(file, "alter table entry add column x int;\n"), /reloaded guestbook/);
  });
});

test("what is declared anew is provisioned", async () => {
  await folder.edit(
    "domains/welcome/contract.ts",
    ["import { api, query }", "import { api, event, query }"],
    [
      "export const Welcome",
      'export const Greeted = event("welcome.Greeted", { key: "guest", versions: { "1.0.0": z.object({ guest: z.string() }) } });\nexport const Welcome',
    ],
  );
  await folder.edit(
    "domains/welcome/domain.ts",
    ["import { Welcome }", "import { Greeted, Welcome }"],
    ["publishes: [Welcome]", "publishes: [Welcome, Greeted]"],
  );
  await folder.edit(
    "domains/welcome/greet-guests.ts",
    ["import { welcome }", 'import { Greeted } from "./contract.ts";\nimport { welcome }'],
    ["    await tx.sql", "    tx.publish(Greeted, { guest: event.data.guest });\n    await tx.sql"],
  );
  await folder.edit(
    "domains/guestbook/domain.ts",
    ["import { aggregate, domain }", "import { aggregate, domain, need }"],
    ["import { Guestbook", 'import { Greeted } from "../welcome/contract.ts";\nimport { Guestbook'],
    ["publishes: [", 'needs: [need(Greeted, "1.0.0")],\n  publishes: ['],
  );
  await folder.write(
    "domains/guestbook/mark-greeted.ts",
    `import { subscription } from "polder";
import { guestbook } from "./domain.ts";
export const markGreeted = subscription(guestbook, "mark-greeted", {
  "welcome.Greeted": async ({ event, tx }) => {
    await tx.sql\`update entry set words = 'greeted' where guest = \${event.data.guest}\`;
  },
});\n`,
  );
  const subscribe = () =>
    folder.edit(
      "domains/guestbook/index.ts",
      ["import { sign }", 'import { markGreeted } from "./mark-greeted.ts";\nimport { sign }'],
      ["entries } }", "entries } }, subscriptions: [markGreeted]"],
    );
  await changing(subscribe, /reloaded.*\n/);
  expect(await sign("Ada")).toBe(200);
  await answers("/guestbook/v1/entries", '"words":"greeted"');
});

test("a changed configuration is a matter of starting again", async () => {
  const change = () => folder.edit("polder.config.ts", ["port: 4000", "port: 4001"]);
  await changing(change, /polder\.config\.ts has changed: stop and start again/);
});

test("a domain under another name is a matter of starting again", async () => {
  await folder.edit("domains/welcome/contract.ts", ['api("welcome"', 'api("farewell"']);
  await folder.edit("domains/welcome/domain.ts", ['domain("welcome"', 'domain("farewell"']);
  const rename = () => folder.edit("domains/welcome/index.ts", ["apis: { welcome:", "apis: { farewell:"]);
  await changing(rename, /the domains were guestbook, welcome and are guestbook, farewell now/);
  expect(await get("/welcome/v1/greeted")).toEqual({ guests: [] });
});
