import { constants } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { postgresErrors } from "../errors.ts";

/** A user of the operating system, by numbers. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user as whom the server of a data directory must run: none (our own) unless we are root, as
 * whom PostgreSQL refuses to run. Then the directory's owner, or for a new one `postgres` or,
 * without one, `nobody`.
 *
 * Throws EMBEDDED_UNSUPPORTED when we are root and neither is in /etc/passwd.
 */
export async function serverUser(dataDirectory: string): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(dataDirectory).catch(() => ({ uid: 0, gid: 0 }));
  return uid === 0 ? unprivilegedUser(await readFile("/etc/passwd", "utf8")) : { uid, gid };
}

/** Picks `postgres`, else `nobody`, from the text of a passwd(5) file. */
export function unprivilegedUser(passwd: string): OsUser {
  const users = new Map(passwd.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.split(":")]));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.get(name) ?? [];
    if (uid !== undefined && gid !== undefined && Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  const { platform, arch } = process;
  throw postgresErrors.EMBEDDED_UNSUPPORTED(
    "The embedded PostgreSQL cannot run here: PostgreSQL refuses to run as root, and neither the user postgres nor " +
      "nobody is in /etc/passwd. Run Polder as an ordinary user, or set DATABASE_URL to a server of your own.",
    { platform, arch },
  );
}

/**
 * Says whether a user has the access to a file or folder (`constants.R_OK`, `X_OK`), and may pass
 * through every folder above it.
 *
 * By owner, group and mode alone; the user has no further groups (a process that switches user
 * gives them up). False when there is no such file.
 */
export async function canReach(user: OsUser, path: string, access: number): Promise<boolean> {
  try {
    let place = await realpath(path);
    if (!permits(user, await stat(place), access)) return false;
    while (place !== dirname(place)) {
      place = dirname(place);
      if (!permits(user, await stat(place), constants.X_OK)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function permits(user: OsUser, file: OsUser & { readonly mode: number }, access: number): boolean {
  const shift = file.uid === user.uid ? 6 : file.gid === user.gid ? 3 : 0;
  return ((file.mode >> shift) & access) === access;
}
