import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, silentLogger } from "@polder/model";
import { errorField } from "../database-error.ts";
import { makePolderDirectory } from "../polder-directory.ts";
import { openSecrets } from "../secrets.ts";
import { findPackage, usableBinaries } from "./binaries.ts";
import { type Cluster, clusterIn } from "./cluster.ts";
import { prepareData } from "./data-directory.ts";
import { launch } from "./launch.ts";
import { acquireLock, type LockFile } from "./lock-file.ts";
import { findPlace, notedPlace, sharedFolder } from "./place.ts";
import { poll } from "./poll.ts";
import { keepPort, pickPort } from "./port.ts";
import { type Postmaster, readPostmaster } from "./postmaster.ts";
import { isDeserted, isGoingAway, openPresence, type Presence } from "./presence.ts";
import { clearLeftovers, shutDown } from "./shut-down.ts";
import { directoryFailure, programFailure } from "./start-failure.ts";
import { serverUser } from "./unprivileged-user.ts";

/** What to start, and where. */
export interface EmbeddedOptions {
  /** The project's `.polder` folder; made if absent. The data goes to `<directory>/postgres`. */
  readonly directory: string;
  /**
   * Settings of the server by name, added to Polder's own for development. They count for the process
   * that starts the server; one that joins takes the server as it is. Default none. Address, port and
   * `cluster_name` cannot be set.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** False trades the data's safety on a crash of the machine for speed: for tests. Default true. */
  readonly durable?: boolean;
  /** Default silent. */
  readonly logger?: Logger;
  /** Aborting ends the start with the signal's reason; a server that it had begun to start is stopped. */
  readonly signal?: AbortSignal;
}

/** A running embedded server, and this process's part in it. */
export interface EmbeddedServer extends AsyncDisposable {
  readonly host: "127.0.0.1";
  /** TCP port; the last one is taken again if it is free. */
  readonly port: number;
  /** The superuser. */
  readonly user: "postgres";
  /** The superuser's, from the project's secrets (`postgres-superuser`). */
  readonly password: string;
  /** Where the data is. */
  readonly directory: string;
  /** The server's own log. */
  readonly logFile: string;
  /** The server's version, such as `"18.4"`. */
  readonly version: string;
  /** Whether the data was made, the server started on data that was there, or a running server joined. */
  readonly origin: "created" | "started" | "shared";
  /** Leaves the server, and stops it if no other process uses it; resolves when that is done. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts an embedded PostgreSQL, or joins the one that runs on the same directory.
 *
 * The server is a process of its own that all its users share. Each user is present by a connection
 * that holds a shared advisory lock, so a user that is killed is missed at once; the last one to
 * leave stops the server, and one that was left running is joined by the next start. A file lock
 * (`<directory>/postgres.lock`) lets one process at a time start or stop. Under it, a start goes
 * from what it finds to a presence:
 *
 * - the server is starting or stopping (its starter or stopper was killed): wait until it is ready or gone;
 * - it is ready: join it; if it goes away meanwhile, begin again;
 * - there is none: kill what is left of the last one, make the data if there is none, start.
 *
 * As root the server runs as the user `postgres` (or `nobody`), and what that user could not reach is
 * placed in `/var/lib/polder`; where the data went is kept in `<directory>/postgres.location`.
 *
 * Throws EMBEDDED_UNSUPPORTED, EMBEDDED_START_FAILED, EMBEDDED_DATA_VERSION,
 * EMBEDDED_DIRECTORY_UNUSABLE, EMBEDDED_PASSWORD_REJECTED, LOCK_HELD, SECRETS_READABLE and
 * SECRETS_UNUSABLE.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { logger = silentLogger, signal } = options;
  signal?.throwIfAborted();
  const packageFolder = findPackage();
  try {
    makePolderDirectory(options.directory);
    const directory = await realpath(options.directory);
    using _lock = await lockDirectory(directory, signal);
    const password = openSecrets({ directory, env: process.env }).get("postgres-superuser");
    const cluster = await placeCluster({ directory, packageFolder, signal });
    const entry = await enter(cluster, { ...options, password, logger });
    logger.info("embedded PostgreSQL is running", { origin: entry.origin, port: entry.port, directory: cluster.data });
    return embeddedServer(cluster, { ...entry, password });
  } catch (error) {
    throw directoryFailure(options.directory, error);
  }
}

const enterTimeoutMs = 30_000;
/** Longer than any one start or stop of another process. */
const lockTimeoutMs = 180_000;
/** Recovery after a crash can take long. */
const settleTimeoutMs = 120_000;

function lockDirectory(directory: string, signal?: AbortSignal): Promise<LockFile> {
  return acquireLock(join(directory, "postgres.lock"), { timeoutMs: lockTimeoutMs, signal });
}

async function placeCluster({ directory, packageFolder, signal }: Placement): Promise<Cluster> {
  const user = await serverUser(join((await notedPlace(directory)) ?? directory, "postgres"));
  const copiesFolder = async () => (user === undefined ? directory : await sharedFolder());
  const binaries = await usableBinaries(packageFolder, { user, copiesFolder, signal });
  return clusterIn({ directory, place: await findPlace(directory, user), binaries, user });
}

interface Placement {
  readonly directory: string;
  readonly packageFolder: string;
  readonly signal: AbortSignal | undefined;
}

async function enter(cluster: Cluster, options: EntryOptions): Promise<Entry> {
  const attempt = async () => {
    const running = await settledPostmaster(cluster, options.signal);
    return running === undefined ? startServer(cluster, options) : share(cluster, running, options);
  };
  // A server that has just lost a connection by a crash refuses new ones for a moment.
  const entry = await poll(attempt, { everyMs: 50, timeoutMs: enterTimeoutMs, signal: options.signal });
  if (entry !== undefined) return entry;
  const what = `process ${readPostmaster(cluster)?.pid} is there but does not answer; end it and start again`;
  throw programFailure({ directory: cluster.directory, what, log: "", logFile: cluster.logFile });
}

interface EntryOptions extends EmbeddedOptions {
  readonly password: string;
  readonly logger: Logger;
}

interface Entry {
  readonly origin: EmbeddedServer["origin"];
  readonly port: number;
  readonly presence: Presence;
}

/** The server that is ready, or undefined when there is none; not one on its way up or down. */
async function settledPostmaster(cluster: Cluster, signal: AbortSignal | undefined): Promise<Postmaster | undefined> {
  const ask = () => {
    const postmaster = readPostmaster(cluster);
    return postmaster === undefined || postmaster.status === "ready" ? { postmaster } : undefined;
  };
  const settled = await poll(ask, { everyMs: 10, timeoutMs: settleTimeoutMs, signal });
  // Whatever hangs there has no users: nobody gets in before it is ready, nor while it stops.
  if (settled === undefined) await shutDown(cluster);
  return settled?.postmaster;
}

/** Undefined when the server went away meanwhile. */
async function share(
  cluster: Cluster,
  { port }: Postmaster,
  { password, logger }: EntryOptions,
): Promise<Entry | undefined> {
  try {
    const presence = await openPresence({ directory: cluster.directory, port, password }, logger);
    return { origin: "shared", port, presence };
  } catch (error) {
    if (isGoingAway(error)) return undefined;
    throw error;
  }
}

async function startServer(cluster: Cluster, options: EntryOptions): Promise<Entry> {
  const { password, logger, settings = {}, durable = true, signal } = options;
  await clearLeftovers(cluster);
  const made = await prepareData(cluster, { password, durable, logger, signal });
  const portFile = join(cluster.directory, "postgres.port");
  const port = await launch(cluster, { settings, durable, pickPort: () => pickPort(portFile), signal });
  try {
    await keepPort(portFile, port);
    const presence = await openPresence({ directory: cluster.directory, port, password }, logger);
    return { origin: made === "created" ? "created" : "started", port, presence };
  } catch (error) {
    await shutDown(cluster);
    throw error;
  }
}

function embeddedServer(cluster: Cluster, entry: Entry & { readonly password: string }): EmbeddedServer {
  const { origin, port, presence, password } = entry;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= leave(cluster, entry);
    return stopping;
  };
  return {
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    directory: cluster.data,
    logFile: cluster.logFile,
    version: presence.version,
    origin,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The server that is stopped is the one that runs now: it may have been started anew since we came. */
async function leave(cluster: Cluster, { presence, password }: Entry & { readonly password: string }): Promise<void> {
  const lock = await lockDirectory(cluster.directory).catch((error: unknown) => {
    // The project's folder was deleted under us, and nobody can come to its server any more.
    if (errorField(error, "code") === "ENOENT") return undefined;
    throw error;
  });
  await presence.leave();
  if (lock === undefined) return clearLeftovers(cluster);
  using _lock = lock;
  const postmaster = readPostmaster(cluster);
  if (postmaster === undefined) return;
  if (await isDeserted({ directory: cluster.directory, port: postmaster.port, password })) await shutDown(cluster);
}
