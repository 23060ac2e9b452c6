import { isPolderError } from "@polder/model";
import { postgresErrors } from "./errors.ts";

/** Where a connection goes, for messages: never with a password. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
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
  return (
    state === "40001" ||
    state === "40P01" ||
    (state === "0A000" && error instanceof Error && error.message.includes("cached plan"))
  );
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
const lostConnection = /Connection terminated|timeout exceeded when trying to connect|not queryable|Client was closed/;

/**
 * Says whether the database itself is in trouble, rather than what was asked of it: no connection,
 * shutting down, out of disk, memory or connections (SQLSTATE classes 08, 53, 57P and 58).
 */
export function isInfrastructureError(error: unknown): boolean {
  if (isPolderError(error, "POSTGRES_UNREACHABLE", "POSTGRES_FULL")) return true;
  const state = sqlState(error);
  if (state !== undefined && (networkCodes.has(state) || /^(08|53|57P|58)/.test(state))) return true;
  return error instanceof Error && lostConnection.test(error.message);
}

/**
 * The error of Polder for an error of PostgreSQL or of its connection that a user can mend; any
 * other error as it is.
 */
export function explained(error: unknown, target: Target): unknown {
  const at = `${target.host}:${target.port}`;
  const state = sqlState(error);
  if (isPolderError(error) || !(error instanceof Error)) return error;
  if (state === "28P01" || state === "28000") {
    return postgresErrors.POSTGRES_AUTH_FAILED(
      `PostgreSQL at ${at} refused the role "${target.user}" (${error.message}). Its password is not the one that Polder has: set POLDER_SECRET_${target.user.toUpperCase().replaceAll("-", "_")}, or run "polder provision --set-passwords".`,
      { ...target },
      { cause: error },
    );
  }
  if (state === "53100") {
    return postgresErrors.POSTGRES_FULL(
      `The disk of PostgreSQL at ${at} is full; nothing of this transaction was kept. Free space, then try again.`,
      { ...target },
      { cause: error },
    );
  }
  if (state === "3D000") {
    return postgresErrors.POSTGRES_UNREACHABLE(
      `PostgreSQL at ${at} has no database "${target.database}". Create it, or correct DATABASE_URL.`,
      { ...target },
      { cause: error },
    );
  }
  if (
    (state !== undefined && (networkCodes.has(state) || /^(08|57P)/.test(state))) ||
    lostConnection.test(error.message)
  ) {
    return postgresErrors.POSTGRES_UNREACHABLE(
      `PostgreSQL at ${at} cannot be reached or has closed the connection (${error.message}). Check that it runs and that DATABASE_URL names it; without DATABASE_URL Polder starts its own.`,
      { ...target },
      { cause: error },
    );
  }
  return error;
}
