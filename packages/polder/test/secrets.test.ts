import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { type Ended, polderAlone, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polderEach } from "./shared-polder.ts";

let opened: AsyncDisposableStack;
let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let right: ProjectEnvironment;

beforeAll(async () => {
  opened = new AsyncDisposableStack();
  server = opened.use(await testServer());
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  right = guestbookEnvironment(database);
});
afterAll(() => opened.disposeAsync());

/** Every command that goes to the database and ends by itself, in an order in which each has something to do. */
const commands = [
  "provision --dry-run",
  "provision",
  "provision --set-passwords",
  "migrate --dry-run",
  "migrate",
  "domains",
  "subscriptions",
  "doctor",
  "events tail --no-follow",
  "events show 00000000-0000-4000-8000-000000000000",
  "events replay welcome/greet-guests --from 1 --yes",
  "dead-letters list --all",
  "dead-letters show welcome/greet-guests/guestbook/1",
  "dead-letters retry welcome/greet-guests/guestbook/1",
  "dead-letters discard welcome/greet-guests/guestbook/1",
  "sagas list --all",
  "sagas show welcome/see-off/Ada",
];

/** Signs that an address must hide, and that SQL or a pattern could trip over. */
const wrongPassword = "it's-wrong/@%$1";
const wrongSecrets = [wrongPassword, encodeURIComponent(wrongPassword)];

async function run(args: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return await polderAlone(args.split(" "), { cwd: folder.path, env });
}

const runAll = (lines: readonly string[], env: Readonly<Record<string, string>>): Promise<readonly Ended[]> =>
  polderEach(lines, { cwd: folder.path, env });

function keepsQuiet({ out, err }: Ended, secrets: readonly string[]): void {
  for (const secret of secrets) expect(`${out}${err}`).not.toContain(secret);
}

/** The command lines of all processes of this machine that can be seen. */
async function processList(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "")));
  return lines.join("\n");
}

test("with the right passwords no command says one", async () => {
  const secrets = right.secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  for (const ended of await runAll(
    commands.flatMap((command) => [command, `${command} --json`]),
    right.env,
  )) {
    expect(ended.code).not.toBe(3);
    keepsQuiet(ended, secrets);
  }
}, 120_000);

test("with wrong passwords no command says one, neither the wrong nor the right ones", async () => {
  const { host, port, user, database: name } = database.address;
  const wrong = {
    ...right.env,
    DATABASE_URL: `postgres://${user}:${encodeURIComponent(wrongPassword)}@${host}:${port}/${name}`,
    POLDER_SECRET_WELCOME_APP: wrongPassword,
  };
  const alone = await Promise.all(["provision", "start --port 0", "dev --port 0"].map((args) => run(args, wrong)));
  for (const ended of [...(await runAll(commands, wrong)), ...alone])
    keepsQuiet(ended, [...right.secrets, ...wrongSecrets]);
  const broken = { ...right.env, DATABASE_URL: `postgres://${user}:${wrongPassword}@${host}:${port}/${name}` };
  keepsQuiet(await run("migrate", broken), [...right.secrets, ...wrongSecrets]);
}, 120_000);

test("with a wrong password of a role, a process ends without saying it", async () => {
  const ended = await run("start --port 0", { ...right.env, POLDER_SECRET_WELCOME_APP: wrongPassword });
  expect(ended).toMatchObject({ code: 3, err: expect.stringContaining("POSTGRES_AUTH_FAILED") });
  keepsQuiet(ended, [...right.secrets, ...wrongSecrets]);
});

test.runIf(process.platform === "linux")("no list of processes shows one", async () => {
  for (const args of [
    ["start", "--port", "0"],
    ["dev", "--port", "0", "--gateway-port", "0", "--no-watch"],
  ]) {
    await using running = startPolder(args, { cwd: folder.path, env: right.env });
    await running.says(/ready|APIs/);
    const list = await processList();
    expect(list).toContain("--port");
    for (const secret of right.secrets) expect(list).not.toContain(secret);
    keepsQuiet({ ...running.said(), code: null, signal: null }, right.secrets);
  }
});
