import { createDispatcher, type HttpServer, serveHttp } from "@polder/http";
import { type Logger, REGISTRY, silentLogger } from "@polder/model";
import { type Database, type DatabaseAddress, openDatabase, postgresErrors } from "@polder/postgres";
import type { Hono } from "hono";
import { openRegistry, type RegistryOptions } from "./registry.ts";
import { registryApp } from "./rest/registry-app.ts";

/** How the registry is served. */
export interface RegistrySettings extends Omit<RegistryOptions, "database"> {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
}

/** Where a registry is kept. */
export interface RegistryPlace extends Omit<RegistryOptions, "database"> {
  /** The database that was provisioned, as the registry's own role. */
  readonly address: DatabaseAddress;
  /** Keep statements prepared on each connection; `false` behind a pooler in transaction mode. Default true. */
  readonly prepare?: boolean;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/** What {@link startRegistry} needs. */
export interface RegistryServerOptions extends RegistryPlace, RegistrySettings {}

/** A registry that somebody else serves. Disposing it closes its connections. */
export interface OpenRegistryApp extends AsyncDisposable {
  readonly app: Hono;
}

/** A registry that listens. Disposing it stops it. */
export interface RegistryServer extends AsyncDisposable {
  /** Where clients find it, with its path. */
  readonly url: string;
  readonly stop: HttpServer["stop"];
}

/**
 * Opens the registry as an application that is mounted at any path.
 *
 * @throws `NOT_PROVISIONED`, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`. Nothing is left open then.
 */
export async function openRegistryApp(options: RegistryPlace): Promise<OpenRegistryApp> {
  const { address, prepare = true, logger = silentLogger } = options;
  await using opened = new AsyncDisposableStack();
  const database = openDatabase({ ...address, applicationName: "polder registry", prepare, logger });
  opened.defer(() => database.close());
  await requireTables(database);
  const app = registryApp({ registry: openRegistry({ ...options, database }), logger });
  const owned = opened.move();
  return { app, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Serves the registry at `/registry` of a port of its own.
 *
 * @throws `NOT_PROVISIONED`, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`, `PORT_IN_USE`. Nothing is left running then.
 */
export async function startRegistry(options: RegistryServerOptions): Promise<RegistryServer> {
  const { host = "127.0.0.1", port = 0, logger = silentLogger } = options;
  await using opened = new AsyncDisposableStack();
  const { app } = opened.use(await openRegistryApp(options));
  const server = await serveHttp({
    dispatcher: createDispatcher({ served: [] }),
    host,
    port,
    logger,
    extra: (routes) => {
      routes.get("/livez", (context) => context.json({ status: "alive" }));
      routes.route(`/${REGISTRY}`, app);
    },
  });
  const owned = opened.move();
  const stop: HttpServer["stop"] = async (stopOptions) => {
    await server.stop(stopOptions);
    await owned.disposeAsync();
  };
  return { url: `${server.url}/${REGISTRY}`, stop, [Symbol.asyncDispose]: () => stop() };
}

async function requireTables(database: Database): Promise<void> {
  const { rows } = await database.query(
    "select from pg_tables where schemaname = 'polder' and tablename = 'registry_version'",
  );
  if (rows.length > 0) return;
  throw postgresErrors.NOT_PROVISIONED(
    'The registry has no tables in the database yet. Run "polder provision", or start with "polder dev".',
    { domain: REGISTRY, missing: ["polder.registry_version"] },
  );
}
