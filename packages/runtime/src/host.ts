import { growthSignal, type Listening, listenForGrowth, neededEvents } from "@polder/bus";
import { type CallTransport, createDispatcher, type Dispatcher, type HttpServer, httpTransport, localTransport, serveHttp } from "@polder/http";
import { domainOf, type Implementation, type Logger, publishedApis, silentLogger } from "@polder/model";
import { type Database, type DatabaseAddress, homeOf, openDatabase, postgresErrors } from "@polder/postgres";
import { type RunningDomain, runDomain } from "./domain/run-domain.ts";
import { runtimeErrors } from "./errors.ts";
import { mountHealth } from "./health.ts";

/** Where the HTTP server listens. */
export interface HttpOptions {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
}

/** What {@link startHost} needs. */
export interface HostOptions {
  /** The domains of this process. */
  readonly implementations: readonly Implementation[];
  /** Where a domain's database is, and as whom to go there: as `<domain>_app`. */
  readonly address: (domain: string) => DatabaseAddress;
  readonly http?: HttpOptions;
  /** Base URLs of domains that run elsewhere, by name. */
  readonly urls?: Readonly<Record<string, string>>;
  readonly leaseMs?: number;
  /** Connections of each domain at most. Default 10. */
  readonly connectionsMax?: number;
  readonly logger?: Logger;
}

/** Domains at work in one process. */
export interface Host extends AsyncDisposable {
  /** Base URL of the HTTP server. */
  readonly url: string;
  readonly domains: readonly string[];
  /** Calls that the domains of this process serve, without the wire. */
  readonly transport: CallTransport;
  /** Stops one domain and starts another implementation of it; the other domains go on. */
  readonly replace: (implementation: Implementation) => Promise<void>;
  /**
   * Takes no new calls, ends those that run, finishes the batches under way and moves their checkpoints, then
   * closes. What still runs when `signal` aborts is rolled back. A second call waits for the first.
   */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/**
 * Brings domains to work in this process: their APIs, relays and subscriptions.
 *
 * @throws `NOT_PROVISIONED` where a domain has no home yet, `POSTGRES_UNREACHABLE`, `POSTGRES_AUTH_FAILED`, `PORT_IN_USE`.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { implementations, logger = silentLogger } = options;
  const growth = growthSignal();
  const databases = new Map<string, Database>();
  const running = new Map<string, RunningDomain>();
  let dispatcher: Dispatcher = createDispatcher({ served: [] });
  let server: HttpServer | undefined;
  let listening: Listening | undefined;
  let stopped: Promise<void> | undefined;

  // Looked up at each call: a domain may be replaced meanwhile.
  const local: CallTransport = { call: (request, bounds) => localTransport(dispatcher).call(request, bounds) };
  const findTransport = (api: string): CallTransport => {
    const domain = domainOf(api);
    if (running.has(domain)) return local;
    const url = options.urls?.[domain];
    if (url !== undefined) return httpTransport({ baseUrl: url });
    throw runtimeErrors.DOMAIN_UNKNOWN(
      `"${api}" belongs to the domain "${domain}", which does not run in this process, and no URL says where it does. Name it in "urls" of the configuration.`,
      { domain, known: [...running.keys(), ...Object.keys(options.urls ?? {})] },
    );
  };
  const openDomain = async (implementation: Implementation): Promise<RunningDomain> => {
    const { name } = implementation.domain;
    const database = databases.get(name) ?? openDomainDatabase(options, name);
    databases.set(name, database);
    await requireHome(database, name);
    const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
    return await runDomain({ implementation, database, growth, findTransport, logger, ...lease });
  };
  const serve = async (): Promise<void> => {
    dispatcher = createDispatcher({ served: [...running.values()].map(({ served }) => served), logger });
    if (server !== undefined) return server.replace(dispatcher);
    server = await serveHttp({
      dispatcher,
      host: options.http?.host ?? "127.0.0.1",
      port: options.http?.port ?? 0,
      logger,
      extra: (app) => mountHealth(app, { databases, isStopping: () => stopped !== undefined, describe }),
    });
  };
  const describe = (): readonly object[] =>
    [...running.values()].map(({ name, implementation }) => ({ domain: name, owner: implementation.domain.owner.name, apis: publishedApis(implementation.domain).map((api) => `/${api.name}/v${api.newest.split(".", 1)[0]}`) }));

  const stopAll = async (signal: AbortSignal): Promise<void> => {
    await server?.stop({ signal });
    await Promise.all([...running.values()].map((domain) => domain.stop({ signal })));
    await listening?.stop();
    await Promise.all([...databases.values()].map((database) => database.close()));
  };
  const stop: Host["stop"] = ({ signal } = {}) => (stopped ??= stopAll(signal ?? new AbortController().signal));

  try {
    for (const implementation of implementations) running.set(implementation.domain.name, await openDomain(implementation));
    await serve();
    // Deliveries begin when every API of this process can be called.
    for (const domain of running.values()) domain.deliver();
    const [first] = databases.values();
    const publishers = new Set(implementations.flatMap(({ domain }) => [...neededEvents(domain).keys()]));
    if (first !== undefined) listening = listenForGrowth({ database: first, publishers: [...publishers], growth, logger });
  } catch (error) {
    await stop({ signal: AbortSignal.abort(error) });
    throw error;
  }
  return {
    url: server?.url ?? "",
    domains: [...running.keys()],
    transport: local,
    replace: async (implementation) => {
      const { name } = implementation.domain;
      const before = running.get(name);
      const after = await openDomain(implementation);
      running.set(name, after);
      await serve();
      await before?.stop();
      after.deliver();
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

function openDomainDatabase(options: HostOptions, domain: string): Database {
  return openDatabase({
    ...options.address(domain),
    schema: homeOf(domain).schema,
    applicationName: `polder ${domain}`,
    ...(options.connectionsMax === undefined ? {} : { connectionsMax: options.connectionsMax }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  });
}

async function requireHome(database: Database, domain: string): Promise<void> {
  const { schema } = homeOf(domain);
  const needed = ["_outbox", "_request", "_checkpoint", "_parked", "_instance"].map((table) => `${schema}.${table}`);
  const { rows } = await database.query<{ missing: string[] }>(
    `select array(select name from unnest($1::text[]) as name where to_regclass(quote_ident(split_part(name, '.', 1)) || '.' || split_part(name, '.', 2)) is null) as missing`,
    [needed],
  );
  const missing = rows[0]?.missing ?? [];
  if (missing.length === 0) return;
  throw postgresErrors.NOT_PROVISIONED(`The domain "${domain}" has no home in the database yet (${missing.join(", ")} missing). Run "polder provision", or start with "polder dev".`, {
    domain,
    missing,
  });
}
