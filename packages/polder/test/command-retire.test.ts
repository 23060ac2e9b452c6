import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { type ContractUse, RUNNING, recordUse } from "@polder/registry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { type Ended, jsonOf } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
let opened: AsyncDisposableStack;

const contract = "domains/guestbook/contract.ts";
const signed = "guestbook.Signed@1";

// The event and the API get a second major; Welcome needs the event at its first one still.
const versions = `versions: {
    "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }),
    "2.0.0": z.object({ guest: z.string(), entry: z.uuid() }),
  },
  converters: {
    "2.0.0": {
      up: ({ entryId, ...rest }) => ({ ...rest, entry: entryId }),
      down: ({ entry, ...rest }) => ({ ...rest, entryId: entry }),
    },
  },`;
const deprecated = `deprecated: { "1": { since: "2026-01-01", notice: "Take the entry." } },`;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
  await folder.edit(contract, ['versions: { "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }) },', versions]);
  for (const command of ["provision", "contracts freeze"]) expect((await run(command)).code).toBe(0);
});
afterEach(() => opened.disposeAsync());

async function run(args: string, ...more: readonly string[]): Promise<Ended> {
  return await polder([...args.split(" "), ...more], { cwd: folder.path, env: { ...environment.env, USER: "ada" } });
}

async function found(args: string, ...more: readonly string[]) {
  const ended = await run(`--json ${args}`, ...more);
  const { data } = jsonOf(ended) as {
    data: { readonly keepers: readonly { readonly kind: string; readonly why: string }[]; readonly findings: object[] };
  };
  return { code: ended.code, ...data };
}

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

/** Welcome has handled events, as its processes write it down. */
async function used(version: string, days: number, more: Partial<ContractUse> = {}): Promise<void> {
  const use = { contract: "guestbook.Signed", version, consumer: "welcome", environment: "production", calls: 12 };
  await recordUse(database.admin, [{ ...use, seenAt: daysAgo(days), ...more }]);
}

/** That domains run, and that it is written down. */
const running = (): Promise<void> => used("", 0, { contract: RUNNING, calls: 0 });

const moveWelcome = (): Promise<void> =>
  folder.edit("domains/welcome/domain.ts", ['need(Signed, "1.0.0")', 'need(Signed, "2.0.0")']);

const announce = (): Promise<void> =>
  folder.edit(contract, ["  converters: {\n", `  ${deprecated}\n  converters: {\n`]);

describe("polder contracts can-retire", () => {
  test("says no while somebody uses it, or declares to need it, and yes afterwards", async () => {
    await used("1.0.0", 3);
    await used("1.0.0", 40);
    const first = await run("contracts can-retire", signed);
    expect(first).toMatchObject({ code: 1, err: "" });
    expect(first.out).toContain("cannot be retired yet:\n  - welcome uses 1.0.0 in production: last seen ");
    expect(first.out).toMatch(/welcome +1\.0\.0 +1\.0\.0 +production +\S+ +12\n/);
    await moveWelcome();
    expect((await found("contracts can-retire", signed)).keepers).toMatchObject([{ kind: "used" }]);
    expect((await found("contracts can-retire", signed, "--since", "2d")).keepers).toMatchObject([
      { kind: "unproven", why: expect.stringContaining("nothing has been recorded since") },
    ]);
    await running();
    const done = await run("contracts can-retire", signed, "--since", "2d");
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining("can be retired: nobody uses it") });
    const elsewhere = await found("contracts can-retire", signed, "--environment", "test");
    expect(elsewhere).toMatchObject({ code: 1, keepers: [{ kind: "unproven" }] });
  });

  test("takes silence for no proof before it was recorded for long enough", async () => {
    await moveWelcome();
    expect(await found("contracts can-retire", signed)).toMatchObject({ code: 1, keepers: [{ kind: "unproven" }] });
    await used("2.0.0", 5);
    const short = await found("contracts can-retire", signed);
    expect(short.keepers).toMatchObject([{ kind: "unproven", why: expect.stringContaining("it has been recorded") }]);
    await running();
    expect(await found("contracts can-retire", signed, "--since", "4d")).toMatchObject({ code: 0, keepers: [] });
    // An environment that began yesterday is one of which nothing is known before.
    await used("2.0.0", 1, { environment: "staging" });
    expect(await found("contracts can-retire", signed, "--since", "4d")).toMatchObject({
      code: 1,
      keepers: [{ kind: "unproven" }],
    });
    const asked = ["--since", "4d", "--environment", "production"];
    expect(await found("contracts can-retire", signed, ...asked)).toMatchObject({ code: 0, keepers: [] });
  });

  test("says no while an event that is stored at it is still to be handled", async () => {
    await moveWelcome();
    await used("2.0.0", 40);
    await running();
    await database.admin.query(`insert into polder.log_guestbook (seq, outbox_id, part, event_id, key, type, version, data, at)
values (7, 1, 0, gen_random_uuid(), 'Ada', 'guestbook.Signed', '1.0.0', '{}', now())`);
    const { keepers } = await found("contracts can-retire", signed);
    expect(keepers).toEqual([
      {
        kind: "waiting",
        why: "welcome.greet-guests stands at 0 of guestbook's log, and the last event at this major at 7",
      },
    ]);
    await database.admin.query(
      "insert into welcome._checkpoint (subscription, publisher, part_lo, part_hi, seq) values ('greet-guests', 'guestbook', 0, 63, 7)",
    );
    const done = await run("contracts can-retire", signed);
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining("The log still holds 1 event at major 1") });
  });

  test("what names no major that could go, and a time that is to come, are refused", async () => {
    for (const [argument, why] of [
      ["guestbook.Signed@2", "is the newest major"],
      ["guestbook.Signed@3", "is newer than major 2"],
      ["guestbook.Signed@0", "names no major version; declared are 1, 2"],
      ["guestbook.Signed@1.0.0", "does not name a major version"],
      ["nobody.Here@1", "names no contract"],
    ] as const)
      expect(await run("contracts can-retire", argument)).toMatchObject({ code: 2, err: expect.stringContaining(why) });
    const { code, err } = await run("contracts can-retire", signed, "--since", "2999-01-01");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("a time that is over") });
  });
});

describe("polder contracts retire", () => {
  test("refuses what is used or was not announced; then writes it down, and CI accepts the removal", async () => {
    await used("1.0.0", 3);
    await used("2.0.0", 40);
    await moveWelcome();
    const refused = await run("contracts retire", signed);
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining("its end was not announced") });
    expect(refused.out).toContain("welcome uses 1.0.0 in production");
    expect(await retired()).toEqual([]);
    await announce();
    await running();
    const done = await run("contracts retire", signed, "--since", "2d");
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toContain("is retired, by ada at ");
    expect(done.out).toMatch(/take versions\["1\.0\.0"\] out, domains\/guestbook\/contract\.ts:\d+/);
    expect(await retired()).toEqual([{ by_whom: "ada", reason: null, users: [] }]);

    await remove();
    expect(await found("contracts check", "--use")).toMatchObject({ code: 0, findings: [] });
    await used("1.0.0", 0, { consumer: "stranger" });
    expect(await found("contracts check", "--use")).toMatchObject({
      code: 1,
      findings: [{ rule: "version-in-use", message: expect.stringContaining("stranger uses 1.0.0") }],
    });
  });

  test("forced, it keeps the reason and who used it", async () => {
    await used("1.0.0", 3);
    await moveWelcome();
    await announce();
    for (const args of [["--force"], ["--reason", "so"]])
      expect(await run("contracts retire", signed, ...args)).toMatchObject({ code: 2 });
    const done = await run("contracts retire", signed, "--force", "--reason", "the partner is gone");
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining("It was forced, although") });
    const users = [{ consumer: "welcome", environment: "production" }];
    expect(await retired()).toEqual([{ by_whom: "ada", reason: "the partner is gone", users }]);
    await remove();
    await used("1.0.0", 0);
    expect(await found("contracts check", "--use")).toMatchObject({ code: 0, findings: [] });
    const list = await run("contracts list --use");
    expect(list.out).toMatch(/guestbook\.Signed@1 .*retired .*welcome \(production\)/);
  });

  test("what was removed without asking is found", async () => {
    await used("1.0.0", 3);
    await moveWelcome();
    await announce();
    await remove();
    expect(await found("contracts check")).toMatchObject({ code: 0, findings: [] });
    const { code, findings } = await found("contracts check", "--use");
    expect({ code, findings }).toMatchObject({ code: 1, findings: [{ rule: "version-in-use" }] });
  });
});

test("polder contracts list", async () => {
  await announce();
  const { out } = await run("contracts list");
  expect(out).toMatch(/guestbook\.Signed@1 +1\.0\.0 +deprecated since 2026-01-01 +welcome@1\.0\.0/);
  expect(out).toMatch(/guestbook\.Signed@2 +2\.0\.0 +newest +-/);
  await used("1.0.0", 3);
  const { data } = jsonOf(await run("--json contracts list --use --domain guestbook")) as { data: readonly object[] };
  expect(data[1]).toMatchObject({
    contract: "guestbook.Signed",
    kind: "event",
    domain: "guestbook",
    major: 1,
    state: "deprecated",
    versions: [{ version: "1.0.0", declared: true, frozen: true }],
    consumers: [{ domain: "welcome", version: "1.0.0" }],
    deprecated: { since: "2026-01-01", notice: "Take the entry." },
    use: [{ consumer: "welcome", version: "1.0.0", environment: "production", callsPerDay: 12 }],
  });
});

/** Takes the first major out of the declaration, as the command says it. */
async function remove(): Promise<void> {
  const converters = versions.slice(versions.indexOf("  converters: {"));
  await folder.edit(
    contract,
    ['    "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }),\n', ""],
    [converters, ""],
  );
}

async function retired(): Promise<readonly object[]> {
  return (await database.admin.query<object>("select by_whom, reason, users from polder.contract_retirement")).rows;
}
