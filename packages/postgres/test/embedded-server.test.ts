import { expect, test } from "vitest";
import { startEmbedded } from "../src/embedded/start-embedded.ts";
import { ask, newProject, processesOn, startInChild } from "./embedded-project.ts";

test("makes the data at the first start and finds it at the next, on the same port", async () => {
  await using project = await newProject();
  const first = await startEmbedded({ directory: project.directory });
  await ask(first, "create table kept (it int)");
  await first.stop();
  expect(processesOn(first.directory)).toEqual([]);

  await using second = await startEmbedded({ directory: project.directory });
  expect(await ask(second, "select count(*)::int as count from kept")).toEqual([{ count: 0 }]);
  expect([first.origin, second.origin]).toEqual(["created", "started"]);
  expect(second).toMatchObject({ port: first.port, password: first.password, version: "18.4" });
});

test("is set up for development, reachable over TCP on 127.0.0.1 with a password only", async () => {
  await using project = await newProject();
  await using server = await startEmbedded({ directory: project.directory, settings: { work_mem: "9MB", port: "1" } });
  const settings = await ask(server, "select name, setting from pg_settings");
  const values = Object.fromEntries(settings.map(({ name, setting }) => [name, setting]));
  expect(values).toMatchObject({
    max_connections: "200",
    wal_level: "logical",
    max_prepared_transactions: "16",
    shared_preload_libraries: "pg_stat_statements",
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(server.port),
    work_mem: "9216",
    fsync: "on",
    server_encoding: "UTF8",
  });
  expect(await ask(server, "select distinct auth_method from pg_hba_file_rules")).toEqual([
    { auth_method: "scram-sha-256" },
  ]);
  await expect(ask({ ...server, password: "wrong" }, "select 1")).rejects.toMatchObject({ code: "28P01" });
  await ask(server, "create extension pg_stat_statements", "select count(*) from pg_stat_statements");
});

test("gives up durability for tests", async () => {
  await using project = await newProject();
  await using server = await startEmbedded({ directory: project.directory, durable: false });
  const rows = await ask(
    server,
    "select setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')",
  );
  expect(rows).toEqual([{ setting: "off" }, { setting: "off" }, { setting: "off" }]);
});

test("two starts in one process share a server, and the last to leave stops it", async () => {
  await using project = await newProject();
  const servers = await Promise.all([startEmbedded(project), startEmbedded(project)]);
  expect(servers.map(({ origin }) => origin).sort()).toEqual(["created", "shared"]);
  const [one, other] = servers;
  expect(one.port).toBe(other.port);
  await one.stop();
  await ask(other, "select 1");
  await Promise.all([other.stop(), other.stop()]);
  expect(processesOn(other.directory)).toEqual([]);
});

test("several processes at once share a server, also while others leave", async () => {
  await using project = await newProject();
  const users = [1, 2, 3, 4].map(() => startInChild(project));
  const started = await Promise.all(users.map((user) => user.started));
  expect(started.filter(({ origin }) => origin === "created")).toHaveLength(1);
  expect(started.filter(({ origin }) => origin === "shared")).toHaveLength(3);
  expect(new Set(started.map(({ port }) => port)).size).toBe(1);

  // Whether the newcomer joins before the others have left or starts the server anew, it has one.
  const [, newcomer] = await Promise.all([Promise.all(users.map((user) => user.leave())), startEmbedded(project)]);
  await ask(newcomer, "select 1");
  await newcomer.stop();
  expect(processesOn(newcomer.directory)).toEqual([]);
});

test("an aborted start leaves no server behind, and the next one works", async () => {
  await using project = await newProject();
  for (const afterMs of [0, 150, 450, 600]) {
    const signal = AbortSignal.timeout(afterMs);
    const outcome = await startEmbedded({ ...project, signal }).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome).toBe(signal.reason);
    else await (outcome as AsyncDisposable)[Symbol.asyncDispose]();
    expect(processesOn(`${project.directory}/postgres`)).toEqual([]);
  }
  await using server = await startEmbedded(project);
  await ask(server, "select 1");
});
