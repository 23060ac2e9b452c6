import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Ended, jsonOf } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let folder: ProjectFolder;

beforeEach(async () => {
  folder = await copyGuestbook();
});
afterEach(() => folder[Symbol.asyncDispose]());

const run = (args: string): Promise<Ended> => polder(["contracts", "docs", ...args.split(" ")], { cwd: folder.path });

const allFiles = [
  "asyncapi/guestbook.json",
  "asyncapi/welcome.json",
  "changelog/guestbook.Signed.md",
  "changelog/guestbook.md",
  "changelog/welcome.md",
  "index.json",
  "openapi/guestbook-1.0.0.domains.json",
  "openapi/guestbook-1.0.0.json",
  "openapi/welcome-1.0.0.domains.json",
  "openapi/welcome-1.0.0.json",
  "schemas/guestbook-1.0.0.draft-07.json",
  "schemas/guestbook-1.0.0.json",
  "schemas/guestbook.Signed-1.0.0.draft-07.json",
  "schemas/guestbook.Signed-1.0.0.json",
  "schemas/welcome-1.0.0.draft-07.json",
  "schemas/welcome-1.0.0.json",
];

async function writtenIn(out: string): Promise<readonly string[]> {
  const path = join(folder.path, out);
  const names = await readdir(path, { recursive: true });
  const stats = await Promise.all(names.map((name) => stat(join(path, name))));
  return names.filter((_, index) => stats[index]?.isFile() === true).sort();
}

test("polder contracts docs writes every document, and later only what has changed", async () => {
  const first = await run("--out papers --server https://api.example");
  expect(first).toMatchObject({ code: 0, err: "" });
  expect(first.out).toMatch(/^DOCUMENTS +ALL +WRITTEN\nopenapi +4 +4\n/);
  expect(await writtenIn("papers")).toEqual(allFiles);
  const read = (file: string): Promise<string> => readFile(join(folder.path, "papers", file), "utf8");
  expect(JSON.parse(await read("openapi/guestbook-1.0.0.json"))).toMatchObject({
    openapi: "3.1.0",
    servers: [{ url: "https://api.example" }],
    paths: { "/guestbook/v1/entries": { post: { operationId: "sign" } } },
  });
  expect(JSON.parse(await read("asyncapi/welcome.json"))).toMatchObject({
    operations: { receiveSignedFromGuestbook: { action: "receive" } },
  });
  const { documents } = JSON.parse(await read("index.json")) as { documents: { href: string }[] };
  expect([...documents.map(({ href }) => href), "index.json"].sort()).toEqual(allFiles);

  expect((await run("--out papers --server https://api.example")).out).toContain("Nothing has changed in papers.");
  await folder.edit("domains/guestbook/contract.ts", ["max(500)", "max(400)"]);
  const again = jsonOf(await run("--out papers --server https://api.example --json"));
  expect(again).toMatchObject({
    ok: true,
    data: {
      written: [
        "openapi/guestbook-1.0.0.json",
        "openapi/guestbook-1.0.0.domains.json",
        "schemas/guestbook-1.0.0.json",
        "schemas/guestbook-1.0.0.draft-07.json",
      ],
      stale: [],
    },
  });
});

test("it names what nothing makes any more, and takes nothing away", async () => {
  await mkdir(join(folder.path, "papers/openapi"), { recursive: true });
  await writeFile(join(folder.path, "papers/openapi/gone-1.0.0.json"), "{}");
  const all = await run("--out papers");
  expect(all.code).toBe(1);
  expect(all.out).toContain("Nothing makes these any more; remove them:\n  openapi/gone-1.0.0.json\n");
  expect(await run("--out papers --domain welcome")).toMatchObject({ code: 0 });
  expect(await writtenIn("papers")).toContain("openapi/gone-1.0.0.json");
});

test("a folder that cannot be written is wrong usage", async () => {
  await folder.write("papers", "a file");
  const ended = await run("--out papers");
  expect(ended).toMatchObject({ code: 2, out: "" });
  expect(ended.err).toContain("cannot be written");
  expect(ended.err).toContain("USAGE, see docs/errors/USAGE.md");
});
