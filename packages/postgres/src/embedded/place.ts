import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorField } from "../database-error.ts";
import { canReach, type OsUser } from "./unprivileged-user.ts";

/**
 * The folder in which the server's data and log are: the project's `.polder` folder, if the server's
 * user can get there, else a folder under {@link sharedFolder} whose path is kept in
 * `<directory>/postgres.location`. Call it under the lock of the directory.
 */
export async function findPlace(directory: string, user: OsUser | undefined): Promise<string> {
  if (user === undefined) return directory;
  const noted = await notedPlace(directory);
  if (noted !== undefined && (await canReach(user, noted, constants.X_OK))) return noted;
  // Passing suffices: the data directory inside belongs to the user.
  if (await canReach(user, dirname(directory), constants.X_OK)) {
    await letPass(directory);
    if (await canReach(user, directory, constants.X_OK)) return directory;
  }

  // A new name each time: after someone deleted `.polder`, whatever is left of it is not ours to reuse.
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const place = await mkdtemp(join(await sharedFolder(), `${hash}-`));
  await letPass(place);
  await writeFile(join(directory, noteName), place, { mode: 0o600 });
  return place;
}

/** The folder that {@link findPlace} once chose instead of the project's. */
export async function notedPlace(directory: string): Promise<string | undefined> {
  return readFile(join(directory, noteName), "utf8").catch(() => undefined);
}

/**
 * Where root puts what an unprivileged user must reach: `/var/lib/polder`, or `/var/tmp/polder`
 * where that cannot be made.
 *
 * Throws when the folder belongs to someone else or others may write to it: whoever writes there
 * says which programs run.
 */
export async function sharedFolder(
  candidates: readonly string[] = ["/var/lib/polder", "/var/tmp/polder"],
): Promise<string> {
  let refused: unknown;
  for (const folder of candidates) {
    try {
      await mkdir(folder, { mode: 0o755 });
      await chmod(folder, 0o755);
    } catch (error) {
      refused = error;
      if (errorField(error, "code") !== "EEXIST") continue;
    }
    const { uid, mode } = await stat(folder);
    if (uid === process.getuid?.() && (mode & 0o022) === 0) return folder;
    refused = new Error(`${folder} must belong to the user of this process, and nobody else may write to it.`);
  }
  throw refused;
}

const noteName = "postgres.location";

/** Lets others pass through a folder of ours; they still cannot list it. */
async function letPass(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  if (uid === process.getuid?.() && (mode & 0o001) === 0) await chmod(folder, (mode & 0o7777) | 0o011);
}
