import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@polder/model";
import { Client } from "pg";
import { errorField, isInfrastructureError } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { poll } from "./poll.ts";

/** Where a server is, and how to get in. */
export interface ServerAddress {
  /** The project's `.polder` folder, for messages. */
  readonly directory: string;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** The superuser's. */
  readonly password: string;
}

/** What keeps a server running: a connection with a shared lock that ends with its process, however that ends. */
export interface Presence {
  /** The server's version, such as `"18.4"`. */
  readonly version: string;
  /** Ends it; resolves when the server knows. */
  readonly leave: () => Promise<void>;
}

/**
 * Opens a presence. When the server ends it (after a crash of another connection it ends all) it is
 * opened again, for 30 s at most.
 *
 * Throws EMBEDDED_PASSWORD_REJECTED, and errors for which {@link isGoingAway} tells whether the
 * server is about to end.
 */
export async function openPresence(address: ServerAddress, logger: Logger): Promise<Presence> {
  const left = new AbortController();
  const enter = async (): Promise<Connection> => {
    const connection = await connect(address, enterStatement);
    connection.client.once("end", () => {
      if (left.signal.aborted) return;
      logger.warn("lost the connection to the embedded PostgreSQL", { port: address.port });
      current = poll(() => enter().catch(() => undefined), { everyMs: 100, timeoutMs: 30_000, signal: left.signal });
      current.catch(() => undefined);
    });
    return connection;
  };
  const first = await enter();
  let current: Promise<Connection | undefined> = Promise.resolve(first);
  return {
    version: String(first.rows[0]?.["version"]),
    leave: async () => {
      left.abort();
      const connection = await current.catch(() => undefined);
      // A server that hangs never says goodbye.
      await Promise.race([connection?.client.end(), delay(5_000, undefined, { ref: false })]);
    },
  };
}

/**
 * Says whether no process is present on a server, nor one whose connection is just being cleared
 * away. False too when the server does not answer: then there is nothing to stop.
 */
export async function isDeserted(address: ServerAddress): Promise<boolean> {
  try {
    // A process that was killed leaves its lock a moment later: waiting is how we hear of it.
    const { client } = await connect(address, "set lock_timeout = '100ms'", enterAloneStatement);
    await client.end();
    return true;
  } catch (error) {
    if (errorField(error, "code") === lockNotAvailable || isGoingAway(error)) return false;
    throw error;
  }
}

/** Says whether a connection failed in a way that a server has that stops, starts or is gone. */
export function isGoingAway(error: unknown): boolean {
  return isInfrastructureError(error) || (error instanceof Error && error.message === "timeout expired");
}

const enterStatement = `
  select pg_advisory_lock_shared(hashtextextended('polder presence', 0)), current_setting('server_version') as version`;
const enterAloneStatement = "select pg_advisory_lock(hashtextextended('polder presence', 0))";
const lockNotAvailable = "55P03";

interface Connection {
  readonly client: Client;
  /** Of the last statement. */
  readonly rows: readonly Record<string, unknown>[];
}

/** Connects and runs the statements, or leaves nothing open. */
async function connect(
  { directory, port, password }: ServerAddress,
  ...statements: readonly string[]
): Promise<Connection> {
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    application_name: "polder presence",
    ssl: false,
    connectionTimeoutMillis: 5_000,
    // Whatever the project sets for its own connections.
    options: "-c idle_session_timeout=0 -c statement_timeout=5000",
  });
  // Its end is what matters, and "end" tells of it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    let rows: Connection["rows"] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return { client, rows };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw errorField(error, "code") === "28P01" ? passwordRejected(directory, error) : error;
  }
}

function passwordRejected(directory: string, cause: unknown): Error {
  return postgresErrors.EMBEDDED_PASSWORD_REJECTED(
    `The embedded PostgreSQL in ${directory} does not take the superuser's password. Its data was made with another one ` +
      "than stands in the file secrets there, or in the variable POLDER_SECRET_POSTGRES_SUPERUSER. " +
      "Give back the old one, or move the data away to begin anew.",
    { directory },
    { cause },
  );
}
