import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { clusterIn } from "../src/embedded/cluster.ts";
import { serverProcesses } from "../src/embedded/server-processes.ts";
import type { EmbeddedOptions, EmbeddedServer } from "../src/embedded/start-embedded.ts";
import type { ChildAnswer } from "./embedded-child.ts";

export const isRoot: boolean = process.getuid?.() === 0;

export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** The `.polder` folder, not made yet. */
  readonly directory: string;
}

/** A folder for one test. Its end fails if a server still runs on it. */
export async function newProject(mode = 0o755): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "polder-embedded-"));
  await chmod(folder, mode);
  const directory = join(folder, ".polder");
  return {
    folder,
    directory,
    [Symbol.asyncDispose]: async () => {
      const place = await readFile(join(directory, "postgres.location"), "utf8").catch(() => directory);
      const left = processesOn(join(place, "postgres"));
      for (const pid of left) process.kill(pid, "SIGKILL");
      await rm(place, { recursive: true, force: true, maxRetries: 5 });
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      if (left.length > 0) throw new Error(`A server was left running on ${place}.`);
    },
  };
}

/** The processes of the server of a data directory. */
export function processesOn(data: string): readonly number[] {
  const place = dirname(data);
  const binaries = { initdb: "", postgres: "", pgCtl: "", major: "" };
  return serverProcesses(clusterIn({ directory: place, place, binaries, user: undefined }));
}

export interface ChildUser extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly started: Promise<Pick<EmbeddedServer, "origin" | "port" | "directory">>;
  /** Lets it leave, and waits until it has ended. */
  readonly leave: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
}

/** Starts the server from another process, optionally of another user and from another copy of the sources. */
export function startInChild(
  options: Pick<EmbeddedOptions, "directory">,
  as: { readonly uid?: number; readonly gid?: number; readonly sources?: string; readonly execPath?: string } = {},
): ChildUser {
  const { sources = dirname(import.meta.dirname), ...rest } = as;
  const child = fork(join(sources, "test", "embedded-child.ts"), [], {
    ...rest,
    cwd: "/",
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  child.send(options);
  const answered = once(child, "message").then(([message]) => {
    const answer = message as ChildAnswer;
    if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer;
  });
  const started = Promise.race([
    answered,
    exited.then(([code, signal]) => Promise.reject(new Error(`The child ended with ${code ?? signal}.`))),
  ]);
  started.catch(() => undefined);
  const leave = async () => {
    if (child.connected) child.disconnect();
    await exited;
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { process: child, started, leave, kill, [Symbol.asyncDispose]: leave };
}

/** Runs statements over one connection and gives the rows of the last. */
export async function ask(
  { port, password }: Pick<EmbeddedServer, "port" | "password">,
  ...statements: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    let rows: readonly Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
