import { chmod, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openProject, type Project } from "polder";
import { afterEach, beforeEach, expect, test } from "vitest";
import { examine } from "../src/doctor/examine.ts";
import { keyChecks } from "../src/doctor/key-checks.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";

let folder: ProjectFolder;
let project: Project;

beforeEach(async () => {
  folder = await copyGuestbook();
  project = await open();
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const covered = new Set<string>();

// Keys are looked at without a database.
const nowhere = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nowhere" };

async function open(env: Readonly<Record<string, string>> = {}): Promise<Project> {
  return await openProject({ from: folder.path, env: { ...nowhere, ...env } });
}

/** What the doctor finds of keys: the code of each finding, what it saw, and how bad it is. */
async function found(options: { readonly project?: Project; readonly laterMs?: number } = {}) {
  const { project: looked = project, laterMs = 0 } = options;
  const { findings } = await examine(looked, { now: () => Date.now() + laterMs });
  const ofKeys = findings.filter(({ code }) => keyChecks.some((check) => check.code === code));
  for (const { code } of ofKeys) covered.add(code);
  return ofKeys.map(({ code, severity, what }) => ({ code, severity, what }));
}

const keyFile = (): string => join(folder.path, ".polder/keys.json");

test("a project whose keys Polder makes by itself is well before its first start and after it", async () => {
  expect(await found()).toEqual([]);
  project.identity();
  expect(await found()).toEqual([]);
});

test("public keys that cannot be loaded, or that anybody may write", async () => {
  project.identity();
  await chmod(keyFile(), 0o666);
  expect(await found()).toEqual([
    { code: "keys-writable", severity: "error", what: expect.stringContaining("has the mode 666") },
  ]);
  await chmod(keyFile(), 0o644);
  await writeFile(keyFile(), "no keys");
  expect(await found()).toEqual([
    { code: "keys-unusable", severity: "error", what: expect.stringContaining("keys.json") },
  ]);
});

test("a private half that is gone", async () => {
  project.identity();
  await writeFile(join(folder.path, ".polder/secrets"), "{}", { mode: 0o600 });
  await using fresh = await open();
  expect(await found({ project: fresh })).toMatchObject([
    { code: "key-missing", what: 'Of "guestbook" guestbook.1 has no private half on this machine.' },
    { code: "key-missing", what: 'Of "welcome" welcome.1 has no private half on this machine.' },
  ]);
});

test("keys that the place of the others does not have, or has otherwise", async () => {
  const place = join(folder.path, "published.json");
  project.keys.rotate(["guestbook"], { delaySeconds: 0 });
  await cp(keyFile(), place);
  project.keys.rotate(["welcome"], { delaySeconds: 0 });
  await using others = await open({ POLDER_PUBLIC_KEYS: place });
  expect(await found({ project: others })).toEqual([
    { code: "key-missing", severity: "error", what: expect.stringContaining(`"welcome" has no key that signs`) },
    { code: "key-unpublished", severity: "warning", what: `welcome.1 is not the same at ${place}, or is not there.` },
  ]);
  await cp(keyFile(), place);
  expect(await found({ project: others })).toEqual([]);
});

test("a key that was replaced: five minutes later it is to be retired, and nobody should sign with it alone", async () => {
  project.identity();
  project.keys.rotate(["guestbook"], { delaySeconds: 0 });
  expect(await found()).toEqual([]);
  const replaced = {
    code: "key-replaced",
    severity: "note",
    what: expect.stringContaining("guestbook.1 was replaced"),
  };
  expect(await found({ laterMs: 301_000 })).toEqual([replaced]);
  const old = { ...project, keys: { ...project.keys, list: async () => withoutNewest(await project.keys.list()) } };
  expect(await found({ project: old })).toEqual([
    {
      code: "key-outdated",
      severity: "warning",
      what: '"guestbook" is to sign with guestbook.2, and this machine has the private half of guestbook.1.',
    },
  ]);
});

/** As a machine sees them that was given the private halves before the rotation. */
function withoutNewest(keys: Awaited<ReturnType<Project["keys"]["list"]>>) {
  return keys.map((key) => (key.kid === "guestbook.2" ? { ...key, hasPrivate: false } : key));
}

test("every check of keys is tested here", () => {
  expect([...covered].sort()).toEqual(keyChecks.map(({ code }) => code).sort());
});
