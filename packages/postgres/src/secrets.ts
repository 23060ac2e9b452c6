import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorField } from "./database-error.ts";
import { acquireLockSync } from "./embedded/lock-file.ts";
import { postgresErrors } from "./errors.ts";
import { makePolderDirectory } from "./polder-directory.ts";

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
  const givenTo = (name: string): string | undefined => env[variableOf(name)] || undefined;
  return {
    has: (name) => givenTo(name) !== undefined || known.has(name) || readSecrets(path).has(name),
    get(name) {
      const given = givenTo(name);
      if (given !== undefined) return given;
      const secret = known.get(name) ?? readSecrets(path).get(name) ?? makeSecret(path, name);
      known.set(name, secret);
      return secret;
    },
  };
}

function variableOf(name: string): string {
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
  try {
    makePolderDirectory(dirname(path));
    using _lock = acquireLockSync(`${path}.lock`, { timeoutMs: 10_000 });
    const secrets = readSecrets(path);
    const present = secrets.get(name);
    if (present !== undefined) return present;
    const secret = randomBytes(32).toString("base64url");
    writeSecrets(path, new Map([...secrets, [name, secret]]));
    return secret;
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? unusable(path, error) : error;
  }
}

/** Whoever reads meanwhile sees the old file or the new one, also after a power cut. */
function writeSecrets(path: string, secrets: ReadonlyMap<string, string>): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = openSync(draft, "wx", 0o600);
    try {
      writeSync(file, `${JSON.stringify(Object.fromEntries(secrets), undefined, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
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
