import type { Logger } from "@polder/model";
import { type RegistryServer, startRegistry } from "@polder/registry";
import {
  gatewayOptionsOf,
  type Host,
  hostOptionsOf,
  openMounts,
  openProject,
  type PlacedDatabase,
  type Project,
  type ProjectDatabase,
  registryOptionsOf,
  setUpTracing,
  startHost,
} from "@polder/runtime";
import { openRegistryClient } from "../contracts/registry-client.ts";
import { contractPusher, type PushDomains } from "./contract-pusher.ts";
import { moduleGenerations } from "./module-generations.ts";
import { reloadDomains } from "./reload-domains.ts";

/** What {@link startDev} needs. */
export interface DevOptions {
  readonly config?: string;
  readonly from: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the APIs. */
  readonly port?: number;
  /** Of the gateway. */
  readonly gatewayPort?: number;
  /** Reload a domain when its files change. Default true. */
  readonly watch?: boolean;
  readonly logger: Logger;
}

/** Everything of a project at work on this machine. */
export interface DevSession extends AsyncDisposable {
  readonly host: Host;
  readonly project: Project;
  /** Base URL of the registry, where the configuration has one. */
  readonly registry: string | undefined;
  /** Address of the database, of several that of the first domain, for an administrator's tools; of an embedded one with the password in it. */
  readonly databaseUrl: string;
}

/**
 * Runs a project for its developer: starts the database if there is none, gives the domains their homes, migrates,
 * hosts all domains and the gateway, and reloads a domain when one of its files changes.
 *
 * @throws whatever `openProject`, `provision`, `migrate` and `startHost` throw; what had been started is stopped then.
 */
export async function startDev(options: DevOptions): Promise<DevSession> {
  const { config, from, env, port, gatewayPort, watch = true, logger } = options;
  await using cleanup = new AsyncDisposableStack();
  // Before anything of the project is loaded: it sees what is imported from now on.
  const modules = watch ? cleanup.use(moduleGenerations()) : undefined;
  const file = config === undefined ? {} : { file: config };
  const project = cleanup.use(await openProject({ ...file, from, env, logger }));
  const tracing = cleanup.use(await setUpTracing({ project, ratioDefault: 1, env, logger }));
  const database = await project.database();
  const report = await database.provision();
  for (const { object, found, expected } of report.drift)
    logger.warn(`${object} ${found}; expected: ${expected}. See "polder provision".`);
  await database.migrate();
  const { mounts } = cleanup.use(await openMounts(project, logger));
  const host = cleanup.use(
    await startHost({
      implementations: project.domains.map(({ implementation }) => implementation),
      address: database.address,
      ...hostOptionsOf(project, { port, tracing }),
      identity: project.identity(),
      gateway: gatewayOptionsOf(project, { port: gatewayPort, issuer: devIssuerOf(project), mounts }),
      logger,
    }),
  );
  const { registry, push } = await startDevRegistry(project, database, logger);
  if (registry !== undefined) cleanup.use(registry);
  if (modules !== undefined) cleanup.use(reloadDomains({ project, host, modules, logger, reloaded: push }));
  const owned = cleanup.move();
  return {
    host,
    project,
    registry: registry?.url,
    databaseUrl: urlOf(database),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Serves the registry where the configuration has one, with all contracts in it; what it does not take is warned of. */
async function startDevRegistry(
  project: Project,
  database: ProjectDatabase,
  logger: Logger,
): Promise<{ readonly registry?: RegistryServer; readonly push?: PushDomains }> {
  if (project.loaded.config.registry === undefined) return {};
  const address = database.registryAddress();
  await using opened = new AsyncDisposableStack();
  const registry = opened.use(await startRegistry({ ...registryOptionsOf(project, undefined), address, logger }));
  const push = contractPusher(openRegistryClient(registry.url, { signal: new AbortController().signal }), logger);
  await push(project.domains);
  opened.move();
  return { registry, push };
}

/** The development issuer, unless the configuration names one. */
export function devIssuerOf({ loaded }: Project): "development" | undefined {
  return loaded.config.gateway?.issuer === undefined ? "development" : undefined;
}

function urlOf({ databases: [first], embedded }: ProjectDatabase): string {
  // A project has domains, and so a database.
  const { host, port, user, database } = (first as PlacedDatabase).admin.target;
  const password = embedded?.port !== port ? "" : `:${embedded.password}`;
  return `postgres://${user}${password}@${host}:${port}/${database}`;
}
