import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProject, type Project } from "polder";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ExamineOptions, examine } from "../src/doctor/examine.ts";
import { machineChecks } from "../src/doctor/machine-checks.ts";

let opened: AsyncDisposableStack;
let project: Project;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  const from = join(import.meta.dirname, "guestbook");
  // This machine is looked at without a database.
  project = opened.use(await openProject({ from, env: { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nowhere" } }));
});
afterEach(() => opened.disposeAsync());

const covered = new Set<string>();

interface Wrong extends ExamineOptions {
  readonly project?: Partial<Project>;
}

/** Says what the doctor finds of a code. */
async function found(code: string, { project: wrong, ...options }: Wrong): Promise<readonly object[]> {
  covered.add(code);
  const { findings } = await examine({ ...project, ...wrong }, options);
  return findings.filter((finding) => finding.code === code);
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "polder-doctor-"));
  opened.defer(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const says = (what: string, more: object = {}): object => ({ what: expect.stringContaining(what), ...more });

test("secrets that others can read", async () => {
  const folder = await folderWith({ ".polder/secrets": "{}" });
  await chmod(join(folder, ".polder/secrets"), 0o644);
  expect(await found("secrets-readable", { project: { polderDirectory: join(folder, ".polder") } })).toMatchObject([
    says("has the mode 644", { severity: "error" }),
  ]);
});

test("secrets that git would take", async () => {
  const folder = await folderWith({ ".git/HEAD": "", ".polder/secrets": "{}" });
  const project = { polderDirectory: join(folder, ".polder") };
  expect(await found("secrets-in-git", { project })).toMatchObject([says("has no .gitignore")]);
  await writeFile(join(folder, ".polder/.gitignore"), "*\n");
  expect(await found("secrets-in-git", { project })).toEqual([]);
});

test("a full disk", async () => {
  const polderDirectory = await folderWith({});
  const limits = { freeBytes: Number.MAX_SAFE_INTEGER };
  expect(await found("disk-short", { project: { polderDirectory }, limits })).toMatchObject([says("MiB left")]);
});

test("URLs that nobody answers, or not well", async () => {
  const busy = createServer((_request, response) => response.writeHead(503).end()).listen(0, "127.0.0.1");
  opened.defer(() => void busy.close());
  await new Promise((resolve) => busy.once("listening", resolve));
  const address = busy.address();
  const port = typeof address === "object" ? address?.port : 0;
  const urls = { nobody: ["http://127.0.0.1:9"], busy: [`http://127.0.0.1:${port}/base`] };
  expect(await found("url-unreachable", { project: { urls } })).toMatchObject([
    says("nobody at http://127.0.0.1:9 does not answer"),
    says("answers 503"),
  ]);
});

test("every check of this machine is tested here", () => {
  expect([...covered].sort()).toEqual(machineChecks.map(({ code }) => code).sort());
});
