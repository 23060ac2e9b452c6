import type { Target } from "./database-error.ts";
import { postgresErrors } from "./errors.ts";

/** An address of a database with the password in it. */
export interface DatabaseAddress extends Target {
  readonly password: string;
}

/**
 * Reads `postgres://user:password@host:port/database`. Port 5432, user `postgres` and the database of the user's
 * name by default. `?sslmode=` takes `disable` (the default), `require` (encrypted, whoever answers) and
 * `verify-full` (encrypted, and the server shows a certificate for its name); no other parameter is known.
 *
 * @throws `URL_INVALID`; the address itself is never repeated, since it may hold a password.
 */
export function parseDatabaseUrl(text: string, variable: string = "DATABASE_URL"): DatabaseAddress {
  const read = readUrl(text);
  if (read === undefined) throw invalid(variable, "It cannot be read as one.");
  return { ...read.address, ...encryptionOf(read.parameters, variable) };
}

interface ReadUrl {
  readonly address: DatabaseAddress;
  readonly parameters: URLSearchParams;
}

/** Nothing where it cannot be read: the errors of `URL` and `decodeURIComponent` carry the text, and that a password. */
function readUrl(text: string): ReadUrl | undefined {
  try {
    const url = new URL(text);
    if (!["postgres:", "postgresql:"].includes(url.protocol) || url.hostname === "") return undefined;
    const user = decodeURIComponent(url.username) || "postgres";
    const address = {
      host: decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, "$1")),
      port: url.port === "" ? 5432 : Number(url.port),
      user,
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)) || user,
    };
    return { address, parameters: url.searchParams };
  } catch {
    return undefined;
  }
}

const encryptions: Readonly<Record<string, Pick<Target, "encryption">>> = {
  disable: {},
  require: { encryption: "unverified" },
  "verify-full": { encryption: "verified" },
};

function encryptionOf(parameters: URLSearchParams, variable: string): Pick<Target, "encryption"> {
  const foreign = [...parameters.keys()].find((name) => name !== "sslmode");
  // What libpq would understand must not be dropped silently.
  if (foreign !== undefined) throw invalid(variable, "It has a parameter besides sslmode, and Polder knows no other.");
  const found = encryptions[parameters.get("sslmode") ?? "disable"];
  if (found === undefined) throw invalid(variable, "Its sslmode is none of disable, require and verify-full.");
  return found;
}

function invalid(variable: string, reason: string): Error {
  return postgresErrors.URL_INVALID(
    `${variable} is no address of a PostgreSQL database that Polder can use. ${reason} Write it as postgres://user:password@host:5432/database; signs such as @, / and % in a password are written as %40, %2F and %25.`,
    { variable },
  );
}
