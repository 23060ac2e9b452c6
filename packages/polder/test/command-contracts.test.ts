import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
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
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  for (const args of [
    ["init", "-q", "-b", "main"],
    ["add", "domains"],
    [...identity, "commit", "-q", "-m", "Publish"],
    ["checkout", "-q", "-b", "change"],
  ])
    await execute("git", args, { cwd: folder.path });
  return folder;
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

  test("BASE_UNKNOWN: no such branch, and no repository", async () => {
    const branch = await polder(["contracts", "check", "--base", "nowhere"], { cwd: folder.path });
    expect(branch).toMatchObject({ code: 2, err: expect.stringContaining("BASE_UNKNOWN") });
    await using alone = await copyGuestbook();
    const repository = await polder(["contracts", "check", "--base", "main"], { cwd: alone.path });
    expect(repository).toMatchObject({ code: 2, err: expect.stringContaining("not a git repository") });
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
  await folder.write("after.yaml", service("string").replace("Billing", "Billing API"));
  const mistakes = [
    ["nothing", "neither a file nor a version"],
    ["nobody@1.0.0", "names no contract"],
    ["guestbook@7.0.0", "there are 1.0.0"],
    ["domains/guestbook/contract.ts", "cannot be read"],
  ] as const;
  const [broken, same, ...refused] = await runAll(
    folder,
    "--json contracts diff before.json after.yaml",
    `contracts diff guestbook.Signed@1.0.0 ${signed}`,
    ...mistakes.map(([wrong]) => `contracts diff ${wrong} guestbook@1.0.0`),
  );
  expect(broken?.code).toBe(1);
  expect(jsonOf(broken)).toMatchObject({ data: { step: "major" } });
  expect(same).toMatchObject({ code: 0, out: expect.stringContaining("says the same") });
  for (const [index, [, why]] of mistakes.entries())
    expect(refused[index]).toMatchObject({ code: 2, err: expect.stringContaining(why) });
});

test("a new version: who is served by it, and who stays where it is", async () => {
  await using folder = await publishedGuestbook();
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

test("owners, and the CODEOWNERS of their domains and contracts", async () => {
  await using folder = await copyGuestbook();
  await folder.edit("teams.ts", ['contact: "#hosts"', 'contact: "#hosts", codeOwners: ["@acme/hosts"]']);
  const [list, owners] = await runAll(folder, "owners", "owners --codeowners");
  expect(list?.out).toMatch(/guestbook\s+Hosts\s+#hosts/);
  expect(owners?.out).toContain("/domains/guestbook/ @acme/hosts\n/domains/guestbook/contract.ts @acme/hosts\n");
});
