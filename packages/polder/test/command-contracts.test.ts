import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, jsonOf } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder, polderEach } from "./shared-polder.ts";

const execute = promisify(execFile);
const contract = "domains/guestbook/contract.ts";
const signed = "domains/guestbook/contracts/guestbook.Signed/1.0.0.json";

interface FoundData {
  readonly data: {
    readonly findings: readonly { readonly rule: string; readonly file: string; readonly line: number }[];
  };
}

/** A guestbook in a repository, with its contracts written down and committed on the branch main. */
async function publishedGuestbook(): Promise<ProjectFolder> {
  const folder = await copyGuestbook();
  const { code, out } = await polder(["contracts", "freeze"], { cwd: folder.path });
  expect(out).toContain(signed);
  expect(code).toBe(0);
  await git(folder, "init -q -b main", "add domains", "commit -q -m Publish", "checkout -q -b change");
  return folder;
}

/** Runs git in a project, a command a line. */
async function git(folder: ProjectFolder, ...lines: readonly string[]): Promise<void> {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  for (const line of lines) await execute("git", [...identity, ...line.split(" ")], { cwd: folder.path });
}

const check = async (folder: ProjectFolder, ...args: readonly string[]) =>
  foundBy(await polder(["--json", "contracts", "check", ...args], { cwd: folder.path }));

function foundBy(ended: Ended | undefined) {
  const { data } = jsonOf(ended) as FoundData;
  return { code: ended?.code, rules: data.findings.map(({ rule }) => rule), findings: data.findings };
}

/** Runs commands about contracts that find the same declarations, one after the other. */
const runAll = (folder: ProjectFolder, ...lines: readonly string[]): Promise<readonly Ended[]> =>
  polderEach(lines, { cwd: folder.path });

describe("a contract that changes", () => {
  let folder: ProjectFolder;
  beforeAll(async () => {
    folder = await publishedGuestbook();
    return async () => await folder[Symbol.asyncDispose]();
  });

  test("what was published is clean, and writing it down again writes nothing", async () => {
    const [checked, frozen] = await runAll(folder, "--json contracts check --base main", "contracts freeze");
    expect(foundBy(checked)).toMatchObject({ code: 0, rules: [] });
    expect(frozen?.out).toContain("Nothing was written.");
  });

  test("a published version that is changed is found at its line, written in every format, and never overwritten", async () => {
    const before = await readFile(join(folder.path, signed), "utf8");
    await folder.edit(contract, ["entryId: z.uuid() }) },", "entryId: z.int() }) },"]);
    const [json, text, github, sarif, impact, frozen] = await runAll(
      folder,
      "--json contracts check",
      "contracts check",
      "contracts check --format github",
      "contracts check --format sarif",
      "contracts impact",
      "contracts freeze",
    );
    const found = foundBy(json);
    expect(found).toMatchObject({ code: 1, rules: ["frozen-changed"] });
    expect(found.findings[0]).toMatchObject({ file: contract });
    const line = (await readFile(join(folder.path, contract), "utf8")).split("\n")[(found.findings[0]?.line ?? 0) - 1];
    expect(line).toContain('"1.0.0"');

    expect(text?.out).toContain("What to do: Declare 1.0.0 as it was");
    expect(github?.out).toMatch(/^::error file=domains\/guestbook\/contract\.ts,line=\d+,title=frozen-changed::/);
    expect(jsonOf(sarif)).toMatchObject({ runs: [{ results: [{ ruleId: "frozen-changed" }] }] });

    expect(impact?.out).toContain("a major step");
    expect(frozen?.code).toBe(1);
    expect(await readFile(join(folder.path, signed), "utf8")).toBe(before);
    await folder.edit(contract, ["entryId: z.int() }) },", "entryId: z.uuid() }) },"]);
  });

  test("a frozen file that was edited or deleted is seen against the base branch only", async () => {
    const path = join(folder.path, signed);
    const before = await readFile(path, "utf8");
    await writeFile(path, before.replace('"key": "', '"key": "x'));
    expect((await check(folder, "--base", "main")).rules).toContain("frozen-edited");
    await rm(path);
    expect((await check(folder, "--base", "main")).rules).toEqual(["frozen-deleted", "version-unfrozen"]);
    await writeFile(path, "{");
    const broken = await polder(["contracts", "check"], { cwd: folder.path });
    expect(broken).toMatchObject({ code: 2, err: expect.stringContaining("FROZEN_UNREADABLE") });
    await writeFile(path, before);
  });

  test("a frozen file at the place of another one is FROZEN_UNREADABLE; a folder is none", async () => {
    const copy = join(folder.path, signed.replace("1.0.0", "1.0.1"));
    await cp(join(folder.path, signed), copy);
    const misplaced = await polder(["contracts", "check"], { cwd: folder.path });
    expect(misplaced).toMatchObject({
      code: 2,
      err: expect.stringContaining("says that it is guestbook.Signed 1.0.0"),
    });
    await rm(copy);
    await mkdir(join(folder.path, "domains/guestbook/contracts/notes.json"));
    expect(await check(folder)).toMatchObject({ code: 0 });
  });

  test("for code hosts, places are those in the repository, wherever the command runs", async () => {
    await folder.edit(contract, ["entryId: z.uuid() }) },", "entryId: z.int() }) },"]);
    const cwd = join(folder.path, "domains/welcome");
    const check = ["contracts check", "contracts check --format github", "contracts check --format sarif"];
    const [text, github, sarif] = await polderEach(check, { cwd });
    expect(text?.out).toContain("frozen-changed  ../guestbook/contract.ts:");
    expect(github?.out).toContain("file=domains/guestbook/contract.ts,");
    expect(jsonOf(sarif)).toMatchObject({
      runs: [
        {
          tool: { driver: { rules: [{ id: "frozen-changed", help: { text: expect.stringContaining("See docs/") } }] } },
          results: [{ locations: [{ physicalLocation: { artifactLocation: { uri: contract } } }] }],
        },
      ],
    });
    await folder.edit(contract, ["entryId: z.int() }) },", "entryId: z.uuid() }) },"]);
  });

  test("BASE_UNKNOWN: no such branch, and no repository", async () => {
    const branch = await polder(["contracts", "check", "--base", "nowhere"], { cwd: folder.path });
    expect(branch).toMatchObject({ code: 2, err: expect.stringContaining("BASE_UNKNOWN") });
    await using alone = await copyGuestbook();
    const repository = await polder(["contracts", "check", "--base", "main"], { cwd: alone.path });
    expect(repository).toMatchObject({ code: 2, err: expect.stringContaining("not a git repository") });
  });
});

describe("the base", () => {
  test("is where the branch was left: what came to it afterwards is nobody's deletion", async () => {
    await using folder = await publishedGuestbook();
    const later = signed.replace("1.0.0", "1.1.0");
    await git(folder, "checkout -q main");
    const text = await readFile(join(folder.path, signed), "utf8");
    await folder.write(later, text.replace("1.0.0", "1.1.0"));
    await git(folder, "add domains", "commit -q -m Later", "checkout -q change");
    expect(await check(folder, "--base", "main")).toMatchObject({ code: 0, rules: [] });
  });

  test("knows a domain again that has moved", async () => {
    await using folder = await publishedGuestbook();
    await git(folder, "mv domains/guestbook domains/book");
    await folder.edit("polder.config.ts", ["./domains/guestbook", "./domains/book"]);
    await folder.edit("domains/welcome/domain.ts", ["../guestbook/contract.ts", "../book/contract.ts"]);
    expect(await check(folder, "--base", "main")).toMatchObject({ code: 0, rules: [] });
    const moved = signed.replace("domains/guestbook", "domains/book");
    await folder.edit(moved, ['"format": "uuid"', '"format": "email"']);
    const edited = await check(folder, "--base", "main");
    expect(edited.rules).toEqual(["frozen-edited", "frozen-changed"]);
    expect(edited.findings[0]).toMatchObject({ file: moved });
  });

  test("misses a domain that went", async () => {
    await using folder = await publishedGuestbook();
    await folder.edit("polder.config.ts", [', "./domains/welcome"', ""]);
    await git(folder, "rm -q -r domains/welcome");
    const [all, one, impact] = await runAll(
      folder,
      "--json contracts check --base main",
      "--json contracts check --base main --domain guestbook",
      "contracts impact",
    );
    const file = "domains/welcome/contracts/welcome/1.0.0.json";
    expect(foundBy(all)).toMatchObject({ code: 1, findings: [{ rule: "frozen-deleted", file }] });
    expect(foundBy(one)).toMatchObject({ code: 0, rules: [] });
    expect(impact?.out).toContain("welcome 1.0.0 is no longer declared\n  No domain of this project uses it;");
  });
});

test("two versions, files and documents of other services are compared", async () => {
  await using folder = await publishedGuestbook();
  const service = (type: string): string =>
    JSON.stringify({
      openapi: "3.1.0",
      info: { title: "Billing", version: "1.0.0" },
      paths: {
        "/bills": {
          get: {
            operationId: "bills",
            responses: { "200": { content: { "application/json": { schema: { type } } } } },
          },
        },
      },
    });
  await folder.write("before.json", service("integer"));
  await folder.write("swagger.json", '{ "swagger": "2.0", "paths": {} }');
  await folder.write("odd.json", service("text"));
  await folder.write("after.yaml", service("string").replace("Billing", "Billing API"));
  const mistakes = [
    ["nothing", "neither a file nor a version"],
    ["nobody@1.0.0", "names no contract"],
    ["guestbook@7.0.0", "there are 1.0.0"],
    ["domains/guestbook/contract.ts", "cannot be read"],
    ["domains", "cannot be read"],
    ["guestbook.Signed@1.0.0", "DOCUMENTS_UNRELATED"],
    ["swagger.json", "OPEN_API_UNREADABLE"],
  ] as const;
  const [broken, text, odd, same, ...refused] = await runAll(
    folder,
    "--json contracts diff before.json after.yaml",
    "contracts diff before.json after.yaml",
    "contracts diff before.json odd.json",
    `contracts diff guestbook.Signed@1.0.0 ${signed}`,
    ...mistakes.map(([wrong]) => `contracts diff ${wrong} guestbook@1.0.0`),
  );
  expect(broken?.code).toBe(1);
  expect(jsonOf(broken)).toMatchObject({ data: { step: "major" } });
  expect(text?.out).toContain("/operations/bills/output was integer and is string: callers");
  expect(text?.out).toContain('\n       For example "".\n');
  expect(odd).toMatchObject({ code: 2, err: expect.stringContaining("SCHEMA_UNSUPPORTED") });
  expect(same).toMatchObject({ code: 0, out: expect.stringContaining("says the same") });
  for (const [index, [, why]] of mistakes.entries())
    expect(refused[index]).toMatchObject({ code: 2, err: expect.stringContaining(why) });
});

test("whom a change concerns: who breaks, who is served by a new version, and that one is gone", async () => {
  await using folder = await publishedGuestbook();
  const impactOf = async (...args: readonly string[]) => {
    const ended = await polder(["--json", "contracts", "impact", ...args], { cwd: folder.path });
    return (jsonOf(ended) as { readonly data: readonly object[] }).data;
  };
  await folder.edit(contract, ["entryId: z.uuid() }) },", "entryId: z.int() }) },"]);
  const [broken] = await impactOf();
  expect(broken).toMatchObject({ inPlace: true, step: "major", touched: [{ domain: "welcome", effect: "breaks" }] });
  await folder.edit(contract, ["entryId: z.int() }) },", "entryId: z.uuid() }) },"]);

  const minor = '"1.1.0": z.object({ guest: z.string(), entryId: z.uuid(), colour: z.string().optional() })';
  await folder.edit(contract, ["entryId: z.uuid() }) },", `entryId: z.uuid() }), ${minor} },`]);
  expect(await polder(["contracts", "freeze"], { cwd: folder.path })).toMatchObject({ code: 0 });
  const served = { to: "1.1.0", step: "minor", touched: [{ domain: "welcome", effect: "gets it" }] };
  // Written down is not published yet.
  expect(await impactOf("guestbook.Signed")).toMatchObject([served]);
  await git(folder, "add domains", "commit -q -m Minor");
  expect(await impactOf()).toEqual([]);
  expect(await impactOf("--base", "main")).toMatchObject([served]);

  await folder.edit("domains/welcome/domain.ts", ['need(Signed, "1.0.0")', 'need(Signed, "1.1.0")']);
  await folder.edit(contract, ['"1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }), ', ""]);
  expect(await impactOf()).toEqual([{ name: "guestbook.Signed", from: "1.0.0", removed: true, servedBy: "1.1.0" }]);
  const nowhere = await polder(["contracts", "impact", "--base", "nowhere"], { cwd: folder.path });
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining("BASE_UNKNOWN") });
});

test("a new version where there is no repository: it is held to what is written down", async () => {
  await using folder = await copyGuestbook();
  expect(await polder(["contracts", "freeze"], { cwd: folder.path })).toMatchObject({ code: 0 });
  await folder.edit(contract, [
    'versions: { "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() })',
    `versions: {
      "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }),
      "1.1.0": z.object({ guest: z.string(), entryId: z.uuid(), colour: z.string().optional() }),
    `,
  ]);
  const [known, unknown] = await runAll(folder, "--json contracts impact guestbook.Signed", "contracts impact nobody");
  expect(jsonOf(known)).toMatchObject({
    data: [
      { name: "guestbook.Signed", to: "1.1.0", step: "minor", touched: [{ domain: "welcome", effect: "gets it" }] },
    ],
  });
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("published are") });
});

describe("CODEOWNERS", () => {
  const guests = 'export const guests: Team = team("Guests", { contact: "#guests", codeOwners: ["@acme/guests"] });\n';

  test("has who publishes asked about its domain, and who uses it about its contracts as well", async () => {
    await using folder = await publishedGuestbook();
    const teams = await readFile(join(folder.path, "teams.ts"), "utf8");
    await folder.write("teams.ts", teams.replace('"#hosts"', '"#hosts", codeOwners: ["@acme/hosts"]') + guests);
    await folder.edit(
      "domains/welcome/domain.ts",
      ["import { hosts }", "import { guests }"],
      ["owner: hosts", "owner: guests"],
    );
    const [list, owners] = await polderEach(["owners", "owners --codeowners"], {
      cwd: join(folder.path, "domains/welcome"),
    });
    expect(list?.out).toMatch(/guestbook\s+Hosts\s+#hosts\s+Guests/);
    const lines = [
      "/domains/guestbook/ @acme/hosts",
      "/domains/guestbook/contract.ts @acme/hosts @acme/guests",
      "/domains/guestbook/contracts/ @acme/hosts @acme/guests",
      "/domains/guestbook/contracts/guestbook/ @acme/hosts",
      "/domains/guestbook/contracts/guestbook.Signed/ @acme/hosts @acme/guests",
    ];
    expect(owners?.out).toContain(`\n${lines.join("\n")}\n`);
    expect(owners?.out).toContain("\n/domains/welcome/contracts/ @acme/guests");
  });

  test("takes nothing from others where a team has no name in reviews", async () => {
    await using folder = await copyGuestbook();
    await folder.write("teams.ts", (await readFile(join(folder.path, "teams.ts"), "utf8")) + guests);
    await folder.edit(
      "domains/welcome/domain.ts",
      ["import { hosts }", "import { guests }"],
      ["owner: hosts", "owner: guests"],
    );
    const { out } = await polder(["owners", "--codeowners"], { cwd: folder.path });
    expect(out).toContain("# Hosts has no codeOwners in its declaration, so nobody is asked for it.");
    expect(out).not.toMatch(/^\/domains\/guestbook\/$/m);
    expect(out).toContain("\n/domains/guestbook/contracts/ @acme/guests\n");
  });
});
