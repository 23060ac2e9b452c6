import { type Logger, type QueryResult, type Reader, silentLogger } from "@polder/model";
import pg from "pg";
import { explained, isConnectionLost, isOutdatedPlan, NEWEST_SETTING, type Target } from "./database-error.ts";
import { type ConnectionCounts, type DatabaseObserver, observed } from "./database-observer.ts";
import { identifier } from "./sql-name.ts";
import { type Statement, statementNames, templateStatement, toConfig, toRows, unnamed } from "./statement.ts";
import { type OpenTransaction, openTransaction, type TransactionMode } from "./transaction.ts";

/** Where a database is and as whom to go there. */
export interface DatabaseOptions extends Target {
  readonly password: string;
  /** What `search_path` is set to: the schema of the domain. */
  readonly schema?: string;
  /** Name of the connections in `pg_stat_activity`. Default "polder". */
  readonly applicationName?: string;
  /** Connections at most. Default 10. */
  readonly connectionsMax?: number;
  /** How long to wait for a connection, in milliseconds: for a free one of the pool, or for the server to answer. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How long one statement may run, in milliseconds; 0 is no limit. Default 60,000. */
  readonly statementTimeoutMs?: number;
  /** How long a transaction may stand idle before PostgreSQL ends it, in milliseconds; 0 is no limit. Default 60,000. */
  readonly idleInTransactionTimeoutMs?: number;
  /**
   * Keep statements prepared, and settings such as the schema, on each connection. Switch off behind a pooler in
   * transaction mode: then every transaction brings its settings along, and nothing of a session is relied on. Default
   * true.
   */
  readonly prepare?: boolean;
  readonly logger?: Logger;
  readonly observer?: DatabaseObserver;
}

/** What one transaction does otherwise than the others of its database. */
export interface BeginOptions {
  /** What `search_path` is set to instead. */
  readonly schema?: string;
}

/** Connections to one database as one role. */
export interface Database extends Reader, AsyncDisposable {
  readonly target: Target;
  /** What its connections do at this moment. */
  readonly connections: () => ConnectionCounts;
  /** Runs one prepared statement on any connection, in a transaction of its own. */
  readonly run: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /** A transaction that begins with its first statement. Whoever opens it ends it. */
  readonly begin: (mode?: TransactionMode, options?: BeginOptions) => OpenTransaction;
  /** A connection for one purpose, outside the pool: for LISTEN or session locks. The caller ends it. */
  readonly connect: () => Promise<pg.Client>;
  /** Waits for the connections that are in use, then closes all. */
  readonly close: () => Promise<void>;
}

/** Opens a database. Nothing is connected before the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const target = targetOf(options);
  const { observer, logger = silentLogger } = options;
  const config = clientConfig(options);
  const pool = openPool(options);
  const isPooled = options.prepare === false;
  const names = isPooled ? unnamed : statementNames();
  const begin: Database["begin"] = (mode = "read write", { schema } = {}) =>
    openTransaction({
      connect: () => pool.connect(),
      names,
      target,
      mode,
      observer,
      settings: {
        ...(isPooled ? sessionSettings(options) : {}),
        ...(schema === undefined ? {} : { search_path: identifier(schema) }),
      },
    });
  const send = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    const client = await pool.connect();
    try {
      const result = await observed(observer, statement.text, () => client.query(toConfig(statement, names)));
      client.release();
      return result as unknown as QueryResult<Row>;
    } catch (error) {
      client.release(isConnectionLost(error) ? (error as Error) : undefined);
      throw error;
    }
  };
  const run = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    if (isPooled) return await runAlone<Row>(begin(), statement);
    try {
      return await send<Row>(statement).catch((error: unknown) => {
        if (!isOutdatedPlan(error)) throw error;
        names.renew(statement.text);
        return send<Row>(statement);
      });
    } catch (error) {
      throw explained(error, target);
    }
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= pool.end());
  return {
    target,
    connections: () => ({
      inUse: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    run,
    query: <Row>(text: string, values: readonly unknown[] = []) => run<Row>({ text, values }),
    sql: async <Row>(parts: TemplateStringsArray, ...values: readonly unknown[]) =>
      toRows(await run<Row>(templateStatement(parts, values))),
    begin,
    connect: async () => {
      const client = new pg.Client(config);
      client.on("error", (error) => logger.debug("a connection was lost", { ...target, error: error.message }));
      try {
        await client.connect();
      } catch (error) {
        throw explained(error, target);
      }
      return client;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openPool(options: DatabaseOptions): pg.Pool {
  const { logger = silentLogger, connectionsMax = 10 } = options;
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: connectionsMax,
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: false,
  });
  const target = targetOf(options);
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  // The same for one that breaks while it is in use, whose statements fail by themselves.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", (error) => logger.debug("an idle connection was lost", { ...target, error: error.message }));
  return pool;
}

function targetOf({ host, port, database, user, encryption }: DatabaseOptions): Target {
  return { host, port, database, user, ...(encryption === undefined ? {} : { encryption }) };
}

/** One statement in a transaction of its own, which carries the settings. */
async function runAlone<Row>(transaction: OpenTransaction, statement: Statement): Promise<QueryResult<Row>> {
  try {
    const result = await transaction.run<Row>(statement);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

function sessionSettings(options: DatabaseOptions): Readonly<Record<string, string>> {
  return {
    ...(options.schema === undefined ? {} : { search_path: identifier(options.schema) }),
    statement_timeout: String(options.statementTimeoutMs ?? 60_000),
    idle_in_transaction_session_timeout: String(options.idleInTransactionTimeoutMs ?? 60_000),
    [NEWEST_SETTING]: "5000",
  };
}

function clientConfig(options: DatabaseOptions): pg.ClientConfig {
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: options.password,
    ssl: options.encryption === undefined ? false : { rejectUnauthorized: options.encryption === "verified" },
    application_name: options.applicationName ?? "polder",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    // Statements go out without waiting for the answers before them: begin, work and commit share round trips.
    pipeline: true,
    // A pooler refuses options at the start of a session that is not the client's own.
    ...(options.prepare === false ? {} : { options: startupOptions(sessionSettings(options)) }),
    types: { getTypeParser: parserOf },
  } as pg.ClientConfig;
}

function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/([\\ ])/g, "\\$1")}`)
    .join(" ");
}

/** Type numbers of PostgreSQL; a list of texts parses a list of dates. */
const [OID_DATE, OID_DATES, OID_TEXTS] = [1082, 1182, 1009];

/** Parsers belong to a client, never to all: a date is a text, not midnight in the server's time zone. */
const parserOf = ((oid: number, format?: "text" | "binary") => {
  if (oid === OID_DATE) return (text: string) => text;
  return pg.types.getTypeParser(oid === OID_DATES ? OID_TEXTS : oid, format as "text");
}) as typeof pg.types.getTypeParser;
