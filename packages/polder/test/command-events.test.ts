import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { CloudEvent, HTTP } from "cloudevents";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { hostGuestbook } from "./guestbook-host.ts";
import { type Ended, jsonOf, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
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
  environment = guestbookEnvironment(database);
  // Nobody whose name begins with M is greeted, until the door is open.
  await folder.write(
    "domains/welcome/greet-guests.ts",
    `import { existsSync } from "node:fs";
import { subscription } from "polder";
import { welcome } from "./domain.ts";

export const greetGuests = subscription(
  welcome,
  "greet-guests",
  {
    "guestbook.Signed": async ({ event, tx }) => {
      const { guest } = event.data;
      if (guest.startsWith("M") && !existsSync(new URL("../../door-is-open", import.meta.url)))
        throw new Error("the door is shut");
      await tx.sql\`insert into greeting (guest) values (\${guest})\`;
    },
  },
  { attemptsMax: 2, backoffMs: 1, backoffMaxMs: 1 },
);
`,
  );
  ({ gateway: url } = opened.use(await hostGuestbook({ cwd: folder.path, env: environment.env })));
});
afterEach(() => opened.disposeAsync());

async function run(args: string, ...more: readonly string[]): Promise<Ended> {
  const ended = await polder([...args.split(" "), ...more], { cwd: folder.path, env: environment.env });
  for (const secret of environment.secrets) expect(ended.out + ended.err).not.toContain(secret);
  return ended;
}

async function sign(...guests: readonly string[]): Promise<void> {
  for (const guest of guests) {
    const answer = await fetch(`${url}/guestbook/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ guest, words: "Hello" }),
    });
    expect(answer.status).toBe(200);
  }
}

async function holds(query: string, ...values: readonly unknown[]): Promise<void> {
  await until(async () => (await database.admin.query(query, values)).rows.length > 0, query);
}
const isGreeted = (guest: string): Promise<void> => holds("select from welcome.greeting where guest = $1", guest);
const isDead = (guest: string): Promise<void> =>
  holds("select from welcome._parked where key = $1 and state = 'dead'", guest);

async function eventOf(guest: string): Promise<{ readonly id: string; readonly letter: string }> {
  await holds("select from polder.log_guestbook where key = $1", guest);
  const { rows } = await database.admin.query<{ id: string; seq: string }>(
    "select event_id as id, seq::text from polder.log_guestbook where key = $1",
    [guest],
  );
  return { id: rows[0]?.id ?? "", letter: `welcome/greet-guests/guestbook/${rows[0]?.seq}` };
}

describe("polder events", () => {
  test("tail shows the newest ones, and only those that are asked for", async () => {
    await sign("Ada", "Bob", "Cora");
    const { id } = await eventOf("Cora");
    const text = await run("events tail --no-follow");
    expect(text).toMatchObject({ code: 0, err: "" });
    const lines = text.out.trimEnd().split("\n");
    expect(lines.map((line) => /key=(\w+)/.exec(line)?.[1])).toEqual(["Ada", "Bob", "Cora"]);
    expect(lines[2]).toMatch(/^\S+Z {2}guestbook\/3 {2}guestbook.Signed@1.0.0 {2}key=Cora {2}/);
    expect(lines[2]?.endsWith(id)).toBe(true);
    expect((await run("events tail --no-follow --count 2")).out.split("\n")).toHaveLength(3);
    expect((await run("events tail --no-follow --key Bob")).out).toMatch(/^[^\n]*key=Bob[^\n]*\n$/);
    expect((await run("events tail --no-follow --type guestbook.Forgotten")).out).toBe("");
    expect((await run("events tail --no-follow --domain welcome")).out).toBe("");
    expect(await run("events tail --no-follow --domain nobody")).toMatchObject({ code: 2 });
  });

  test("tail follows what comes, as an object a line, until it is interrupted", async () => {
    await sign("Ada", "Mallory");
    await eventOf("Mallory");
    await using tail = startPolder(["events", "tail", "--json", "--count", "1"], {
      cwd: folder.path,
      env: environment.env,
    });
    await tail.says(/Mallory/);
    await sign("Bob");
    await tail.says(/Bob/);
    tail.child.kill("SIGINT");
    const ended = await tail.ended;
    expect(ended).toMatchObject({ code: 0, err: "" });
    const events = ended.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      { publisher: "guestbook", seq: "2", type: "guestbook.Signed", version: "1.0.0", key: "Mallory" },
      { publisher: "guestbook", seq: "3", key: "Bob", data: { guest: "Bob", entryId: expect.any(String) } },
    ]);
  });

  test("tail and show give CloudEvents that the SDK of CloudEvents takes, and gives back as they were", async () => {
    await sign("Ada", "Bob");
    const { id } = await eventOf("Bob");
    const { out, code } = await run("events tail --no-follow --cloudevents");
    expect(code).toBe(0);
    const written = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    // The SDK is strict: it throws at whatever the specification forbids.
    const events = written.map((event) => new CloudEvent(event));
    expect(events.map((event) => event.toJSON())).toEqual(written);
    for (const event of events) {
      const sent = HTTP.structured(event);
      expect(sent.headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
      expect(JSON.parse(JSON.stringify(HTTP.toEvent(sent)))).toEqual(JSON.parse(JSON.stringify(event)));
      expect(HTTP.toEvent(HTTP.binary(event))).toMatchObject({ id: event.id, subject: event.subject });
    }
    expect(written[1]).toMatchObject({
      id,
      source: "/domains/guestbook",
      type: "guestbook.Signed",
      subject: "Bob",
      partitionkey: "Bob",
      dataschema: "urn:polder:guestbook.Signed:1.0.0",
      sequence: "0000000000000000002",
      data: { guest: "Bob" },
    });
    expect(written[1]).toHaveProperty("traceparent");
    expect(JSON.parse((await run(`events show ${id} --cloudevents`)).out)).toEqual(written[1]);
  });

  test("tail ends quietly when nobody reads it any more", async () => {
    await sign("Ada");
    await using tail = startPolder(["events", "tail"], { cwd: folder.path, env: environment.env });
    await tail.says(/Ada/);
    tail.child.stdout?.destroy();
    await sign("Bob");
    expect(await tail.ended).toMatchObject({ code: 0, err: "" });
  });

  test("show tells an event and where every subscription stands with it", async () => {
    await sign("Ada", "Mallory");
    await isGreeted("Ada");
    await isDead("Mallory");
    const [ada, mallory] = [await eventOf("Ada"), await eventOf("Mallory")];
    const handled = await run(`events show ${ada.id}`);
    expect(handled).toMatchObject({ code: 0, err: "" });
    expect(handled.out).toContain('"guest": "Ada"');
    expect(handled.out).toMatch(/welcome\.greet-guests +handled/);
    const dead = await run(`events show ${mallory.id} --json`);
    expect(dead.code).toBe(1);
    expect(jsonOf(dead)).toMatchObject({
      ok: false,
      command: "events show",
      data: { id: mallory.id, deliveries: [{ subscription: "welcome.greet-guests", state: "dead letter" }] },
    });
    const unknown = await run("events show 00000000-0000-4000-8000-000000000000");
    expect(unknown).toMatchObject({ code: 2, out: "", err: expect.stringContaining("EVENT_UNKNOWN, see ") });
  });
});

test("show tells what consumers at a version get, or why they do not", async () => {
  await sign("Ada", "Bob");
  const { id } = await eventOf("Ada");
  const as = async (version: string, ...more: readonly string[]) =>
    await run(`events show ${id} --as ${version}`, ...more);
  expect(await as("2.0.0")).toMatchObject({ code: 2, err: expect.stringContaining("it is declared at 1.0.0") });
  await folder.edit("domains/guestbook/contract.ts", [
    "entryId: z.uuid() }) },",
    `entryId: z.uuid() }), "2.0.0": z.object({ guest: z.string(), of: z.string() }) },
      converters: {
        "2.0.0": {
          up: ({ guest, entryId }) => {
            if (guest !== "Ada") throw new Error("nobody else");
            return { guest, of: entryId.length === 36 ? "a UUID" : "" };
          },
          down: ({ guest }) => ({ guest, entryId: "00000000-0000-4000-8000-000000000000" }),
        },
      },`,
  ]);
  const up = await as("2.0.0");
  expect(up).toMatchObject({ code: 0, err: "" });
  expect(up.out).toContain('Consumers at 2.0.0 get it at 2.0.0:\n\n{\n  "guest": "Ada",\n  "of": "a UUID"\n}\n');
  expect(jsonOf(await as("1.0.0", "--json"))).toMatchObject({
    data: { id, as: { asked: "1.0.0", version: "1.0.0", data: { guest: "Ada", entryId: expect.any(String) } } },
  });
  expect(JSON.parse((await as("2.0.0", "--cloudevents")).out)).toMatchObject({
    dataschema: "urn:polder:guestbook.Signed:2.0.0",
    data: { guest: "Ada", of: "a UUID" },
  });
  const bob = await run(`events show ${(await eventOf("Bob")).id} --as 2.0.0`);
  expect(bob.code).toBe(1);
  expect(bob.out).toContain('Consumers at 2.0.0 do not get it: The converter guestbook.Signed converters["2.0.0"].up');
});

describe("polder subscriptions", () => {
  test("says how far each has come, with exit code 1 when there are dead letters", async () => {
    await sign("Ada");
    await isGreeted("Ada");
    const well = await run("subscriptions");
    expect(well.code).toBe(0);
    expect(well.out).toMatch(/SUBSCRIPTION +OF +POSITION +LAG +PARKED +DEAD +PROCESSES\n/);
    expect(well.out).toMatch(/welcome\.greet-guests +guestbook +1 +0 +0 +0 +1\n/);
    await sign("Mallory");
    await isDead("Mallory");
    const ill = await run("subscriptions --json");
    expect(ill.code).toBe(1);
    expect(jsonOf(ill)).toMatchObject({
      ok: false,
      data: [
        { domain: "welcome", subscription: "greet-guests", publisher: "guestbook", parked: 1, dead: 1, owners: 1 },
      ],
    });
  });
});

describe("polder dead-letters", () => {
  test("list, show, retry: in vain, with another payload, and when the reason is gone", async () => {
    expect(await run("dead-letters list")).toMatchObject({ code: 0, out: "No dead letters.\n" });
    await sign("Mallory", "Mo");
    await isDead("Mallory");
    await isDead("Mo");
    const [mallory, mo] = [await eventOf("Mallory"), await eventOf("Mo")];
    const list = await run("dead-letters list");
    expect(list.code).toBe(1);
    expect(list.out).toContain(mallory.letter);
    expect(list.out).toContain("the door is shut");
    expect(jsonOf(await run("dead-letters list --json --domain welcome"))).toMatchObject({
      data: [
        { letter: mallory.letter, state: "dead", attempts: 2, type: "guestbook.Signed", key: "Mallory" },
        { letter: mo.letter },
      ],
    });
    expect((await run("dead-letters list --domain guestbook")).code).toBe(0);
    const shown = await run(`dead-letters show ${mallory.letter}`);
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining("the door is shut") });
    expect(shown.out).toContain('"guest": "Mallory"');

    const parkedMessage = (
      await database.admin.query<{ at: string }>("select max(next_at)::text as at from welcome._parked")
    ).rows[0];
    expect(await run(`dead-letters retry ${mallory.letter}`)).toMatchObject({ code: 0 });
    await holds(
      "select from welcome._parked where key = 'Mallory' and state = 'dead' and next_at > $1",
      parkedMessage?.at,
    );

    const data = JSON.stringify({ guest: "Oscar", entryId: "00000000-0000-4000-8000-000000000000" });
    expect(await run(`dead-letters retry ${mallory.letter} --data`, data)).toMatchObject({ code: 0 });
    await isGreeted("Oscar");
    await writeFile(join(folder.path, "door-is-open"), "");
    expect(jsonOf(await run(`dead-letters retry ${mo.letter} --json`))).toEqual({
      ok: true,
      command: "dead-letters retry",
      data: { letter: mo.letter, state: "retry" },
    });
    await isGreeted("Mo");
    expect(await run("dead-letters list --all")).toMatchObject({ code: 0, out: "No dead letters.\n" });
  });

  test("discard passes over it", async () => {
    await sign("Mallory");
    await isDead("Mallory");
    const { letter } = await eventOf("Mallory");
    expect(await run(`dead-letters discard ${letter}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining(letter),
    });
    await until(
      async () => (await database.admin.query("select from welcome._parked")).rows.length === 0,
      "it is gone",
    );
    expect((await run("dead-letters list")).code).toBe(0);
    expect((await database.admin.query("select from welcome.greeting")).rows).toEqual([]);
  });

  test.each(["show", "retry", "discard"])("%s of what is none", async (command) => {
    const letter = "welcome/greet-guests/guestbook/99";
    const ended = await run(`dead-letters ${command} ${letter}`);
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining("DEAD_LETTER_UNKNOWN, see ") });
    expect(jsonOf(await run(`dead-letters ${command} ${letter} --json`))).toMatchObject({
      ok: false,
      error: { code: "DEAD_LETTER_UNKNOWN" },
    });
    expect(await run(`dead-letters ${command} nobody/greet-guests/guestbook/1`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("DOMAIN_UNKNOWN"),
    });
  });
});
