import type { Target } from "./database-error.ts";
import { postgresErrors } from "./errors.ts";

/** An address of a database with the password in it. */
export interface DatabaseAddress extends Target {
  readonly password: string;
}

/**
 * Reads `postgres://user:password@host:port/database`. Port 5432, user and database `postgres` by default.
 *
 * @throws `URL_INVALID`; the address itself is never repeated, since it may hold a password.
 */
export function parseDatabaseUrl(text: string, variable: string = "DATABASE_URL"): DatabaseAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid(variable, cause);
  }
  if (!["postgres:", "postgresql:"].includes(url.protocol) || url.hostname === "") throw invalid(variable);
  const user = decodeURIComponent(url.username) || "postgres";
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 5432 : Number(url.port),
    user,
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
  };
}

function invalid(variable: string, cause?: unknown): Error {
  return postgresErrors.URL_INVALID(
    `${variable} is no address of a PostgreSQL database. Write it as postgres://user:password@host:5432/database.`,
    { variable },
    { cause },
  );
}
