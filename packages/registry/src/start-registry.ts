import { createDispatcher, type HttpServer, serveHttp } from "@polder/http";
import { type Logger, REGISTRY, silentLogger } from "@polder/model";
import { type Database, type DatabaseAddress, openDatabase, postgresErrors } from "@polder/postgres";
import { openRegistry, type RegistryOptions } from "./registry.ts";
import { registryApp } from "./rest/registry-app.ts";

/** How the registry is served. */
export interface RegistrySettings extends Omit<RegistryOptions, "database"> {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
}

/** What {@link startRegistry} needs. */
export interface RegistryServerOptions extends RegistrySettings {
  /** The database that was provisioned, as the registry's own role. */
  readonly address: DatabaseAddress;
  /** Keep statements prepared on each connection; `false` behind a pooler in transaction mode. Default true. */
  readonly prepare?: boolean;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/** A registry that listens. Disposing it stops it. */
export interface RegistryServer extends AsyncDisposable {
  /** Where clients find it, with its path. */
  readonly url: string;
  readonly stop: HttpServer["stop"];
}

/**
 * Serves the registry at `/registry` of a port of its own.
 *
 * @throws `NOT_PROVISIONED`, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`, `PORT_IN_USE`. Nothing is left running then.
 */
export async function startRegistry(options: RegistryServerOptions): Promise<RegistryServer> {
  const { address, host = "127.0.0.1", port = 0, prepare = true, logger = silentLogger } = options;
  await using opened = new AsyncDisposableStack();
  const database = openDatabase({ ...address, applicationName: "polder registry", prepare, logger });
  opened.defer(() => database.close());
  await requireTables(database);
  const app = registryApp({ registry: openRegistry({ ...options, database }), logger });
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
