import { isPolderError } from "@polder/model";
import { type PostgresErrors, postgresErrors } from "./errors.ts";

/** The youngest setting that every connection asks for: a server that does not know it is too old. */
export const NEWEST_SETTING = "client_connection_check_interval";

/** Where a connection goes, for messages: never with a password. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Whether the connection is encrypted, and the server proves its name by a certificate. Default: neither. */
  readonly encryption?: "unverified" | "verified";
}

/** The SQLSTATE of an error of PostgreSQL, or the code of a failed connection; nothing for other errors. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isPolderError(error)) return sqlState(error.cause);
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? code : undefined;
}

/** A field that PostgreSQL sends with an error, such as `constraint` or `table`. */
export function errorField(error: unknown, field: string): string | undefined {
  const value: unknown = error instanceof Error ? Reflect.get(error, field) : undefined;
  return typeof value === "string" ? value : undefined;
}

/**
 * Says whether running the same transaction again may succeed at once: a serialization failure, a
 * deadlock, or a prepared statement that a migration has outdated.
 */
export function isWorthRepeating(error: unknown): boolean {
  const state = sqlState(error);
  return state === "40001" || state === "40P01" || isOutdatedPlan(error);
}

/** Says whether a prepared statement gives other columns than when it was prepared: a migration came between. It did nothing. */
export function isOutdatedPlan(error: unknown): boolean {
  return sqlState(error) === "0A000" && error instanceof Error && error.message.includes("cached plan");
}

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
const lostConnection =
  /Connection terminated|timeout expired|not queryable|Client was closed|Cannot use a pool after calling end|SSL connection|certificate/;
const noFreeConnection = /timeout exceeded when trying to connect/;

/**
 * Says whether the database itself is in trouble, rather than what was asked of it: no connection, a
 * refused login, shutting down, out of disk, memory or connections (SQLSTATE classes 08, 53, 57P and 58).
 */
export function isInfrastructureError(error: unknown): boolean {
  if (isPolderError(error, "POSTGRES_AUTH_FAILED", "POSTGRES_BUSY", "POSTGRES_FULL", "POSTGRES_UNREACHABLE"))
    return true;
  const state = sqlState(error) ?? "";
  // 53400 is a limit that was set for the statement, such as temp_file_limit.
  return isConnectionLost(error) || (/^(53|58)/.test(state) && state !== "53400");
}

/** Says whether there is no connection (any more) behind an error. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error) ?? "";
  // 25P03: PostgreSQL has ended the session because its transaction stood idle for too long.
  return networkCodes.has(state) || /^(08|57P|25P03)/.test(state) || clientSays(error, lostConnection);
}

/** Looks at the words of an error of the client's own, which has no SQLSTATE; the server's errors may hold any words. */
function clientSays(error: unknown, words: RegExp): boolean {
  return error instanceof Error && !/^[0-9A-Z]{5}$/.test(sqlState(error) ?? "") && words.test(error.message);
}

/**
 * The error of Polder for an error of PostgreSQL or of its connection that a user can mend; any
 * other error as it is.
 */
export function explained(error: unknown, target: Target): unknown {
  if (isPolderError(error) || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const at = `PostgreSQL at ${target.host}:${target.port}`;
  return postgresErrors[code](explain[code](at, target, error.message), { ...target }, { cause: error });
}

type Trouble = Extract<keyof PostgresErrors, `POSTGRES_${string}`>;

function codeOf(error: Error): Trouble | undefined {
  const state = sqlState(error) ?? "";
  if (state === "28P01" || state === "28000") return "POSTGRES_AUTH_FAILED";
  if (state === "53100") return "POSTGRES_FULL";
  if (state === "53300" || clientSays(error, noFreeConnection)) return "POSTGRES_BUSY";
  // The newest setting that Polder asks for when it connects.
  if (state === "42704" && error.message.includes(NEWEST_SETTING)) return "POSTGRES_TOO_OLD";
  return state === "3D000" || isConnectionLost(error) ? "POSTGRES_UNREACHABLE" : undefined;
}

const explain: Record<Trouble, (at: string, target: Target, said: string) => string> = {
  POSTGRES_AUTH_FAILED: (at, { user }, said) =>
    `${at} refused the role "${user}" (${said}). Give its password: for the administrator in DATABASE_URL, for a domain as POLDER_SECRET_${user.toUpperCase()}, or set it anew by "polder provision --set-passwords". A role that is not there yet is made by "polder provision".`,
  POSTGRES_BUSY: (at, { user }, said) =>
    `${at} has no free connection for the role "${user}" (${said}). End transactions sooner, raise connectionsMax of this process, or max_connections of the server.`,
  POSTGRES_FULL: (at) => `The disk of ${at} is full; nothing of this transaction was kept. Free space, then try again.`,
  POSTGRES_TOO_OLD: (at, _, said) =>
    `${at} is older than version 14, the oldest that Polder runs on (${said}). Upgrade it, or unset DATABASE_URL to use the embedded one.`,
  POSTGRES_UNREACHABLE: (at, { database }, said) =>
    `${at} cannot be reached, has no database "${database}", or has closed the connection (${said}). Check that it runs and that DATABASE_URL names it; without DATABASE_URL Polder starts its own.`,
};
