import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { OsUser } from "./unprivileged-user.ts";

/** One embedded server's programs, files and user: all that its parts need to know of each other. */
export interface Cluster {
  /** The project's `.polder` folder. */
  readonly directory: string;
  /** The folder of the data and the log: the same, unless the server's user cannot get there. */
  readonly place: string;
  /** PostgreSQL's data directory. */
  readonly data: string;
  /** What the server says; appended by every start. */
  readonly logFile: string;
  /** Stands in the title of each process of the server, so that they can be told from others. */
  readonly name: string;
  readonly binaries: Binaries;
  /** The user of the operating system as whom the server runs, if not our own. */
  readonly user: OsUser | undefined;
}

/** Derives the paths and the name. */
export function clusterIn(where: Pick<Cluster, "directory" | "place" | "binaries" | "user">): Cluster {
  const data = join(where.place, "postgres");
  return {
    ...where,
    data,
    logFile: join(where.place, "log", "postgres.log"),
    name: `polder-${createHash("sha256").update(data).digest("hex").slice(0, 12)}`,
  };
}

/** What every program of the server is started with: nothing of our environment, for it may hold secrets. */
export function spawnOptions({ place, user }: Cluster): SpawnOptions {
  const { SystemRoot, TEMP, TMP } = process.env;
  // Messages in English: we look for some of them. The working directory: ours may be closed to the user.
  return { cwd: place, env: { LC_ALL: "C", SystemRoot, TEMP, TMP }, windowsHide: true, ...user };
}

/** See {@link spawnOptions}. */
export interface SpawnOptions extends Partial<OsUser> {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly windowsHide: true;
}
