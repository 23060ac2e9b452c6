import { execFile } from "node:child_process";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { usableBinaries } from "../src/embedded/binaries.ts";
import { clusterIn, spawnOptions } from "../src/embedded/cluster.ts";
import { launch } from "../src/embedded/launch.ts";
import { findPlace, sharedFolder } from "../src/embedded/place.ts";
import { pickPort } from "../src/embedded/port.ts";
import { shutDown } from "../src/embedded/shut-down.ts";
import { serverUser } from "../src/embedded/unprivileged-user.ts";
import type { DatabaseAddress } from "../src/index.ts";

/** The folder of an npm package with the programs of PostgreSQL, if it is installed on this platform. */
export function packageFolder(name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** A server of another version than the embedded one. */
export interface OldServer extends AsyncDisposable {
  readonly address: DatabaseAddress;
}

/** Starts a server with the programs of a package; when it is disposed nothing of it is left. */
export async function startOldServer(folder: string): Promise<OldServer> {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "polder-old-"));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const user = await serverUser(directory);
  const copiesFolder = async () => (user === undefined ? directory : await sharedFolder());
  const binaries = await usableBinaries(folder, { user, copiesFolder });
  const place = await findPlace(directory, user);
  undo.defer(() => rm(place, { recursive: true, force: true }));
  const cluster = clusterIn({ directory, place, binaries, user });
  const passwordFile = join(place, "password");
  await mkdir(cluster.data, { mode: 0o700 });
  await writeFile(passwordFile, "old", { mode: 0o600 });
  if (user !== undefined) for (const path of [cluster.data, passwordFile]) await chown(path, user.uid, user.gid);
  await promisify(execFile)(
    binaries.initdb,
    [
      `--pgdata=${cluster.data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--no-sync",
    ],
    spawnOptions(cluster),
  );
  const port = await launch(cluster, {
    settings: { shared_preload_libraries: "" },
    durable: false,
    pickPort: () => pickPort(join(place, "port")),
  });
  undo.defer(() => shutDown(cluster));
  const owned = undo.move();
  return {
    address: { host: "127.0.0.1", port, user: "postgres", password: "old", database: "postgres" },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
