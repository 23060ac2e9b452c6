import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorField } from "./database-error.ts";
import { postgresErrors } from "./errors.ts";
import { changeSharedFile } from "./shared-file.ts";

/** The secrets of a project: passwords and keys that Polder makes and keeps. */
export interface Secrets {
  /**
   * The secret of that name, made at its first use: 32 random bytes as base64url, 43 characters.
   *
   * The environment variable `POLDER_SECRET_<NAME>` (upper case, other signs as underscores:
   * `orders_app` is `POLDER_SECRET_ORDERS_APP`) wins over the file and is never written to it.
   *
   * Throws SECRETS_READABLE and SECRETS_UNUSABLE.
   */
  readonly get: (name: string) => string;
  /** Says whether there is a secret of that name already; makes none. */
  readonly has: (name: string) => boolean;
  /** The secret of that name if there is one; looks into the file again for one that was not there before. */
  readonly find: (name: string) => string | undefined;
  /** Removes a secret from the file, for good. One that the environment gives stays there. */
  readonly forget: (name: string) => void;
}

/** Where secrets are kept, and what wins over them. */
export interface SecretsOptions {
  /** The project's `.polder` folder; made with mode 0700 and a `.gitignore` when a secret must be written. */
  readonly directory: string;
  /** Usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the secrets of a project: the JSON file `<directory>/secrets`, mode 0600.
 *
 * Several processes may use it at once: all of them get the same secret. A secret that was read or
 * made stays the same for the life of the returned object. Throws SECRETS_READABLE when group or
 * others have any access to the file.
 */
export function openSecrets({ directory, env }: SecretsOptions): Secrets {
  const path = join(directory, "secrets");
  const known = new Map(readSecrets(path));
  const find: Secrets["find"] = (name) => {
    const given = env[secretVariable(name)];
    if (given !== undefined && given !== "") return given;
    const secret = known.get(name) ?? readSecrets(path).get(name);
    if (secret !== undefined) known.set(name, secret);
    return secret;
  };
  return {
    find,
    has: (name) => find(name) !== undefined,
    get(name) {
      const found = find(name);
      if (found !== undefined) return found;
      const made = makeSecret(path, name);
      known.set(name, made);
      return made;
    },
    forget(name) {
      known.delete(name);
      if (!readSecrets(path).has(name)) return;
      changeSecrets(path, (secrets) => new Map([...secrets].filter(([other]) => other !== name)));
    },
  };
}

/** The environment variable that gives the secret of a name: `orders_app` is `POLDER_SECRET_ORDERS_APP`. */
export function secretVariable(name: string): string {
  return `POLDER_SECRET_${name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]+/g, "_")}`.toUpperCase();
}

function readSecrets(path: string): ReadonlyMap<string, string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (errorField(error, "code") === "ENOENT") return new Map();
    throw unusable(path, error);
  }
  try {
    assertPrivate(path, fstatSync(file).mode);
    return parseSecrets(path, readFileSync(file, "utf8"));
  } finally {
    closeSync(file);
  }
}

function parseSecrets(path: string, text: string): ReadonlyMap<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // biome-ignore lint/style/useErrorCause: the parser's error quotes the text, and that text is secret.
    throw unusable(path, "it is not JSON");
  }
  const entries = Object.entries(parsed ?? {});
  const isSecrets = entries.every((entry): entry is [string, string] => typeof entry[1] === "string");
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed) || !isSecrets) {
    throw unusable(path, "it is not an object of texts");
  }
  return new Map(entries);
}

function assertPrivate(path: string, mode: number): void {
  // Windows keeps access elsewhere; its mode bits say nothing.
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw postgresErrors.SECRETS_READABLE(
    `The secrets in ${path} are open to other users of this machine: its mode is ${octal}. ` +
      `Run "chmod 600 ${path}", and replace the secrets if someone else may have read them.`,
    { path, mode: octal },
  );
}

/** Reads again under the lock: of two processes that both miss a secret, the second takes the first's. */
function makeSecret(path: string, name: string): string {
  let secret = "";
  changeSecrets(path, (secrets) => {
    const present = secrets.get(name);
    secret = present ?? randomBytes(32).toString("base64url");
    return present === undefined ? new Map([...secrets, [name, secret]]) : undefined;
  });
  return secret;
}

function changeSecrets(
  path: string,
  change: (secrets: ReadonlyMap<string, string>) => ReadonlyMap<string, string> | undefined,
): void {
  try {
    changeSharedFile(path, { mode: 0o600 }, () => {
      const changed = change(readSecrets(path));
      return changed && `${JSON.stringify(Object.fromEntries(changed), undefined, 2)}\n`;
    });
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? unusable(path, error) : error;
  }
}

function unusable(path: string, problem: unknown): Error {
  const reason = problem instanceof Error ? problem.message : String(problem);
  return postgresErrors.SECRETS_UNUSABLE(
    `The secrets in ${path} cannot be used: ${reason}. ` +
      "Repair the file or its folder, or give every secret as an environment variable POLDER_SECRET_<NAME>.",
    { path, reason },
    problem instanceof Error ? { cause: problem } : {},
  );
}
