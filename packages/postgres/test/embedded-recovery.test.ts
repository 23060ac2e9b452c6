import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@polder/model";
import { Client } from "pg";
import { expect, test } from "vitest";
import { poll } from "../src/embedded/poll.ts";
import { startEmbedded } from "../src/embedded/start-embedded.ts";
import { ask, newProject, type Project, processesOn, startInChild } from "./embedded-project.ts";

const limits = { everyMs: 2, timeoutMs: 10_000 };

test("a server whose only user was killed is joined, and then stopped by its new user", async () => {
  await using project = await newProject();
  await using user = startInChild(project);
  const { port, directory } = await user.started;
  await user.kill();
  expect(processesOn(directory)).not.toEqual([]);

  const server = await startEmbedded(project);
  expect(server).toMatchObject({ origin: "shared", port });
  await server.stop();
  expect(processesOn(directory)).toEqual([]);
});

test("a killed user does not keep the server of the last one", async () => {
  await using project = await newProject();
  await using user = startInChild(project);
  await user.started;
  const server = await startEmbedded(project);
  await user.kill();
  await server.stop();
  expect(processesOn(server.directory)).toEqual([]);
});

test("a start that was killed while it made the data is made anew", async () => {
  await using project = await newProject();
  await using user = startInChild(project);
  const draft = await poll(() => findDraft(project), limits);
  await user.kill();
  expect(draft).toBeDefined();

  await using server = await startEmbedded(project);
  expect(server.origin).toBe("created");
  expect(await findDraft(project)).toBeUndefined();
});

test("a start that was killed while the server came up is taken over", async () => {
  await using project = await newProject();
  await (await startEmbedded(project)).stop();
  await using user = startInChild(project);
  const data = join(project.directory, "postgres");
  expect(await poll(() => processesOn(data)[0], limits)).toBeDefined();
  await user.kill();
  const server = await startEmbedded(project);
  await ask(server, "select 1");
  await server.stop();
  expect(processesOn(data)).toEqual([]);
});

test("a killed server is recovered, with what it had committed and without the processes it left", async () => {
  await using project = await newProject();
  const first = await startEmbedded(project);
  await ask(first, "create table kept as select 1 as it");
  // Busy without ever waiting: such a process does not notice that its server is gone.
  const busy = new Client({ ...first, host: first.host, database: "postgres" });
  busy.on("error", () => undefined);
  await busy.connect();
  const [{ pid }] = (await busy.query<{ pid: number }>("select pg_backend_pid() as pid")).rows as [{ pid: number }];
  const endless = busy.query("select count(*) from generate_series(1, 1e12::bigint) as g").catch(() => "ended");
  process.kill(await postmasterOf(first.directory), "SIGKILL");
  expect(processesOn(first.directory)).toContain(pid);

  await using second = await startEmbedded(project);
  expect(second.origin).toBe("started");
  expect(await ask(second, "select it from kept")).toEqual([{ it: 1 }]);
  expect(processesOn(first.directory)).not.toContain(pid);
  expect(await endless).toBe("ended");
  await first.stop();
  await ask(second, "select 1");
});

test("the number of a dead server that another process has got is not mistaken for it", async () => {
  await using project = await newProject();
  const first = await startEmbedded(project);
  const file = join(first.directory, "postmaster.pid");
  const lines = (await readFile(file, "utf8")).split("\n");
  await first.stop();
  await writeFile(file, [process.pid, ...lines.slice(1)].join("\n"));
  await using second = await startEmbedded(project);
  expect(second.origin).toBe("started");
});

test("a data directory that lacks its control file is set aside and made anew", async () => {
  await using project = await newProject();
  const first = await startEmbedded(project);
  await first.stop();
  await rm(join(first.directory, "global", "pg_control"));
  await using second = await startEmbedded(project);
  expect(second.origin).toBe("created");
  expect(await readdir(join(second.directory, ".."))).toContainEqual(
    expect.stringMatching(/^postgres-incomplete-\d+$/),
  );
});

test("a crash of one connection, which ends all of them, makes no user absent", async () => {
  await using project = await newProject();
  const lost = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using one = await startEmbedded({ ...project, logger: { ...silentLogger, warn: () => lost.resolve() } });
  const other = await startEmbedded(project);
  const client = new Client({ ...one, host: one.host, database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  const [{ pid }] = (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows as [{ pid: number }];
  client.once("end", () => ended.resolve());
  process.kill(pid, "SIGKILL");
  await Promise.all([lost.promise, ended.promise]);
  await poll(async () => ((await presences(one)) === 2 ? true : undefined), limits);
  await other.stop();
  expect(await presences(one)).toBe(1);
});

test("leaving a server that is gone, or whose folder was deleted, ends well", async () => {
  await using project = await newProject();
  const killed = await startEmbedded(project);
  process.kill(await postmasterOf(killed.directory), "SIGKILL");
  await killed.stop();

  const deleted = await startEmbedded(project);
  await rm(project.directory, { recursive: true });
  await deleted.stop();
  expect(processesOn(deleted.directory)).toEqual([]);
});

async function postmasterOf(data: string): Promise<number> {
  return Number.parseInt(await readFile(join(data, "postmaster.pid"), "utf8"), 10);
}

async function findDraft({ directory }: Project): Promise<string | undefined> {
  const entries = await readdir(directory).catch(() => []);
  return entries.find((entry) => entry.startsWith("postgres-draft-"));
}

async function presences(server: Parameters<typeof ask>[0]): Promise<unknown> {
  const rows = await ask(
    server,
    "select count(*)::int as count from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted",
  ).catch(() => []);
  return rows[0]?.["count"];
}
