import { execFile } from "node:child_process";
import {
  access,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Logger } from "@polder/model";
import { errorField } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { type Cluster, spawnOptions } from "./cluster.ts";
import { programFailure } from "./start-failure.ts";

/** How a data directory is made. */
export interface DataDirectoryOptions {
  /** The superuser's password; its name is `postgres`. */
  readonly password: string;
  /** Whether to wait until the files are on the disk. */
  readonly durable: boolean;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the data directory, unless it is there: UTF-8, the builtin locale C.UTF-8 (the same order of
 * text on every machine), passwords for everyone.
 *
 * It is made beside its place and moved there when it is whole, so what a crash left is made anew.
 * Call it under the lock of the directory, with no server running.
 *
 * Throws EMBEDDED_DATA_VERSION, EMBEDDED_START_FAILED, EMBEDDED_UNSUPPORTED and
 * EMBEDDED_DIRECTORY_UNUSABLE.
 */
export async function prepareData(cluster: Cluster, options: DataDirectoryOptions): Promise<"created" | "existing"> {
  await removeDrafts(cluster);
  if (await isWhole(cluster.data)) {
    await assertVersion(cluster);
    return "existing";
  }
  await clearPlace(cluster, options.logger);
  const draft = await mkdtemp(join(cluster.place, draftPrefix));
  try {
    await initialise(cluster, { ...options, draft });
    await rename(join(draft, "data"), cluster.data);
    // Else a power cut could forget the move but keep what was written since.
    if (options.durable) await syncFolder(cluster.place);
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }
  return "created";
}

const draftPrefix = "postgres-draft-";

async function removeDrafts({ place }: Cluster): Promise<void> {
  for (const entry of await readdir(place)) {
    if (entry.startsWith(draftPrefix)) await rm(join(place, entry), { recursive: true, force: true });
  }
}

/** Without the control file no server can ever start on it. */
async function isWhole(data: string): Promise<boolean> {
  const parts = [access(join(data, "PG_VERSION")), access(join(data, "global", "pg_control"))];
  return (await Promise.allSettled(parts)).every(({ status }) => status === "fulfilled");
}

async function assertVersion({ data, binaries }: Cluster): Promise<void> {
  const found = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  if (found === binaries.major) return;
  throw postgresErrors.EMBEDDED_DATA_VERSION(
    `The data in ${data} is of PostgreSQL ${found}, the embedded server is PostgreSQL ${binaries.major}, ` +
      "and a server reads the data of its own major version only. To keep the data, dump it with the version of Polder " +
      "that wrote it; to begin anew, move that folder away.",
    { directory: data, found, expected: binaries.major },
  );
}

/** Ours is never half there; still, what someone else's half-made directory holds is not ours to delete. */
async function clearPlace({ data }: Cluster, logger: Logger): Promise<void> {
  try {
    await rmdir(data);
  } catch (error) {
    if (errorField(error, "code") === "ENOENT") return;
    if (errorField(error, "code") !== "ENOTEMPTY" && errorField(error, "code") !== "EEXIST") throw error;
    const aside = `${data}-incomplete-${Date.now()}`;
    await rename(data, aside);
    logger.warn("set an incomplete data directory aside", { data, aside });
  }
}

async function initialise(cluster: Cluster, options: DataDirectoryOptions & { readonly draft: string }): Promise<void> {
  const { draft, durable, signal } = options;
  const data = join(draft, "data");
  const password = join(draft, "password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(password, options.password, { mode: 0o600 });
  if (cluster.user !== undefined) {
    await chmod(draft, 0o711);
    for (const path of [data, password]) await chown(path, cluster.user.uid, cluster.user.gid);
  }
  const args = [
    `--pgdata=${data}`,
    "--username=postgres",
    `--pwfile=${password}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    ...(durable ? [] : ["--no-sync"]),
  ];
  try {
    await promisify(execFile)(cluster.binaries.initdb, args, { ...spawnOptions(cluster), ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw await initdbFailure(cluster, error);
  }
}

async function initdbFailure({ directory, binaries }: Cluster, error: unknown): Promise<Error> {
  const { message, stderr } = error as Error & { readonly stderr?: string };
  const { platform, arch } = process;
  // The program is there, but not what loads it: the C library that it was built for.
  if (
    errorField(error, "code") === "ENOENT" &&
    (await access(binaries.initdb).then(
      () => true,
      () => false,
    ))
  ) {
    return postgresErrors.EMBEDDED_UNSUPPORTED(
      `The embedded PostgreSQL cannot run here: ${platform} on ${arch} lacks the C library that ${binaries.initdb} ` +
        "was built for (it needs glibc, which Alpine Linux has not). Set DATABASE_URL to a server of your own.",
      { platform, arch },
      { cause: error },
    );
  }
  return programFailure({ directory, what: `${basename(binaries.initdb)} failed`, log: stderr || message });
}

/** Windows cannot open folders and does without. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await open(path);
  await folder.sync();
}
