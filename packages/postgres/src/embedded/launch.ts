import { spawn } from "node:child_process";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Cluster, spawnOptions } from "./cluster.ts";
import { poll } from "./poll.ts";
import { readPostmaster } from "./postmaster.ts";
import { shutDown } from "./shut-down.ts";
import { programFailure } from "./start-failure.ts";

/** The settings of a server. */
export interface ServerSettings {
  /** By name; they win over {@link developmentSettings}. */
  readonly settings: Readonly<Record<string, string>>;
  /** False gives up the data's safety on a crash of the machine for speed. */
  readonly durable: boolean;
}

/** How a server is started. */
export interface LaunchOptions extends ServerSettings {
  /** Gives a port that is free now; asked again when another program takes it in between. */
  readonly pickPort: () => Promise<number>;
  /** Aborting stops the server again. */
  readonly signal?: AbortSignal | undefined;
}

/** Settings for development: room for many domains, logical decoding and statement statistics. */
export const developmentSettings: Readonly<Record<string, string>> = {
  max_connections: "200",
  wal_level: "logical",
  max_prepared_transactions: "16",
  shared_preload_libraries: "pg_stat_statements",
};

const fleetingSettings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

const launchesMax = 5;
/** Recovery after a crash can take long. */
const readyTimeoutMs = 120_000;
const logBytesMax = 16 * 1024 * 1024;

/**
 * Starts the server of a data directory as a process of its own, which outlives this one, and waits
 * until it accepts connections; gives its port. Call it under the lock of the directory, with no
 * server running.
 *
 * Throws EMBEDDED_START_FAILED with the end of the server's log, or EMBEDDED_DIRECTORY_UNUSABLE when
 * the disk is full.
 */
export async function launch(cluster: Cluster, options: LaunchOptions): Promise<number> {
  await mkdir(dirname(cluster.logFile), { recursive: true, mode: 0o700 });
  for (let launches = 1; ; launches++) {
    const port = await options.pickPort();
    const failure = await launchOn(cluster, port, options);
    if (failure === undefined) return port;
    const portWasTaken = /could not create any TCP\/IP sockets/.test(failure.log);
    if (portWasTaken && launches < launchesMax) continue;
    throw programFailure({ directory: cluster.directory, logFile: cluster.logFile, ...failure });
  }
}

/** The arguments of the server. Of a setting that stands twice the last one counts. */
export function serverArguments(
  cluster: Cluster,
  port: number,
  { settings, durable }: ServerSettings,
): readonly string[] {
  const all = [
    ...Object.entries(developmentSettings),
    ...Object.entries(durable ? {} : fleetingSettings),
    ...Object.entries(settings),
    // What the rest of the launcher relies on.
    ["listen_addresses", "127.0.0.1"],
    ["port", String(port)],
    ["unix_socket_directories", ""],
    ["cluster_name", cluster.name],
  ];
  return ["-D", cluster.data, ...all.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/** Gives nothing when the server is ready, or else how it failed. */
async function launchOn(cluster: Cluster, port: number, options: LaunchOptions): Promise<LaunchFailure | undefined> {
  const logStart = await rotateLog(cluster.logFile);
  const server = await spawnServer(cluster, serverArguments(cluster, port, options));
  const ask = () => server.ended() ?? (isReady(cluster, server.pid) ? "ready" : undefined);
  let outcome: string | undefined;
  try {
    outcome = await poll(ask, { everyMs: 5, timeoutMs: readyTimeoutMs, signal: options.signal });
  } catch (error) {
    await shutDown(cluster);
    throw error;
  }
  if (outcome === "ready") return undefined;
  if (outcome === undefined) await shutDown(cluster);
  return {
    what: outcome ?? `it was not ready within ${readyTimeoutMs / 1000} s`,
    log: await readFrom(cluster.logFile, logStart),
  };
}

interface LaunchFailure {
  readonly what: string;
  readonly log: string;
}

function isReady(cluster: Cluster, pid: number | undefined): boolean {
  const postmaster = readPostmaster(cluster);
  return postmaster?.pid === pid && postmaster?.status === "ready";
}

/** In a session of its own: what a terminal sends to us on Ctrl-C does not reach it. */
async function spawnServer(cluster: Cluster, args: readonly string[]): Promise<SpawnedServer> {
  await using log = await open(cluster.logFile, "a", 0o600);
  const stdio = ["ignore" as const, log.fd, log.fd];
  const server = spawn(cluster.binaries.postgres, args, { ...spawnOptions(cluster), detached: true, stdio });
  server.unref();
  let ended: string | undefined;
  server.once("error", (error) => {
    ended = error.message;
  });
  server.once("exit", (code, signal) => {
    ended = `it ended with ${code === null ? signal : `exit code ${code}`}`;
  });
  return { pid: server.pid, ended: () => ended };
}

interface SpawnedServer {
  readonly pid: number | undefined;
  /** How it ended, once it has. */
  readonly ended: () => string | undefined;
}

/** Keeps one earlier log. Gives where this start's part begins, in bytes. */
async function rotateLog(logFile: string): Promise<number> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size <= logBytesMax) return size;
  await rename(logFile, `${logFile}.1`);
  return 0;
}

/** The end of a file, from a place on: at most 16 KiB. */
async function readFrom(path: string, start: number): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const position = Math.max(start, size - 16_384);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - position)), { position });
  return buffer.toString("utf8", 0, bytesRead);
}
