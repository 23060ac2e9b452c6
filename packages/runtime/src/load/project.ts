import { join } from "node:path";
import { busDomainSteps, busNeedSteps, busSystemSteps } from "@polder/bus";
import { type Logger, silentLogger } from "@polder/model";
import {
  type Database,
  type DatabaseAddress,
  type EmbeddedServer,
  homeOf,
  homeSteps,
  migrate,
  openDatabase,
  openSecrets,
  type ProvisionReport,
  parseDatabaseUrl,
  provision,
  type SystemScope,
  startEmbedded,
} from "@polder/postgres";
import { sagaDomainSteps } from "@polder/sagas";
import { runtimeErrors } from "../errors.ts";
import type { HostOptions } from "../host.ts";
import { requireHome } from "../require-home.ts";
import { configInvalid, type LoadedConfig, loadConfig } from "./load-config.ts";
import { type LoadedDomain, loadDomains } from "./load-domains.ts";
import { urlProblems } from "./url-problems.ts";

/** Where a project is, and with what environment. */
export interface ProjectOptions {
  /** The configuration's file. Default: the nearest `polder.config.ts`, from `from` upwards. */
  readonly file?: string;
  readonly from: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
}

/** A project: its configuration, its domains, its database. */
export interface Project extends AsyncDisposable {
  readonly loaded: LoadedConfig;
  /** As they were loaded last. */
  readonly domains: readonly LoadedDomain[];
  /** The folder where Polder keeps what it needs: `.polder` beside the configuration. */
  readonly polderDirectory: string;
  /**
   * Loads the domains again: new migrations, and what the module cache does not have yet.
   *
   * @throws `DOMAINS_INVALID`; the domains are as before then.
   */
  readonly reload: () => Promise<readonly LoadedDomain[]>;
  /** Connects to the database, starting the embedded one if there is no other. */
  readonly database: () => Promise<ProjectDatabase>;
}

/** The database of a project. */
export interface ProjectDatabase {
  /** As the administrator that DATABASE_URL names, or the embedded server's. */
  readonly admin: Database;
  readonly embedded: EmbeddedServer | undefined;
  /** How a domain's processes go there. */
  readonly address: (domain: string) => DatabaseAddress;
  /** Says whether the password of a domain's role is known; `address` would make one. */
  readonly hasPassword: (domain: string) => boolean;
  readonly provision: (options?: ProvisionChoice) => Promise<ProvisionReport>;
  /** Migrates every domain; gives what ran, or would run. */
  readonly migrate: (options?: MigrateChoice) => Promise<readonly MigratedDomain[]>;
  /** Makes sure that the domains have their homes; throws `NOT_PROVISIONED`. */
  readonly requireHomes: () => Promise<void>;
}

/** How to provision. */
export interface ProvisionChoice {
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
  /** Set the password of every login again. Default false. */
  readonly setPasswords?: boolean;
}

/** What to migrate, and how. */
export interface MigrateChoice {
  /** Only say what would run. Default false. */
  readonly dryRun?: boolean;
  /** Names of domains; throws `DOMAIN_UNKNOWN`. Default: all. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What migrating did to one domain. */
export interface MigratedDomain {
  readonly domain: string;
  readonly migrations: readonly string[];
}

/**
 * Opens a project: loads its configuration and all its domains.
 *
 * @throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `DOMAINS_INVALID`.
 */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const { logger = silentLogger } = options;
  const loaded = await loadConfig(options);
  const load = (): Promise<readonly LoadedDomain[]> => loadDomains(loaded.directory, loaded.config.domains);
  let domains = await load();
  const misplaced = urlProblems(
    loaded.config.urls,
    domains.map(({ implementation }) => implementation.domain),
  );
  if (misplaced.length > 0) throw configInvalid(loaded.path, misplaced);
  const polderDirectory = polderDirectoryOf(loaded);
  let connecting: Promise<ProjectDatabase> | undefined;
  return {
    loaded,
    get domains() {
      return domains;
    },
    polderDirectory,
    reload: async () => {
      domains = await load();
      return domains;
    },
    database: () => {
      connecting ??= connect({ ...options, logger, polderDirectory, url: loaded.config.database }, () => domains);
      return connecting;
    },
    [Symbol.asyncDispose]: async () => {
      const connected = await connecting?.catch(() => undefined);
      await connected?.admin.close();
      await connected?.embedded?.stop();
    },
  };
}

interface Connecting extends ProjectOptions {
  readonly logger: Logger;
  readonly polderDirectory: string;
  /** The address in the configuration, if there is one. */
  readonly url: string | undefined;
}

async function connect(
  { env, logger, polderDirectory, url }: Connecting,
  domains: () => readonly LoadedDomain[],
): Promise<ProjectDatabase> {
  const secrets = openSecrets({ directory: polderDirectory, env });
  const given = url ?? env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbedded({ directory: polderDirectory, logger }) : undefined;
  const server =
    embedded === undefined
      ? parseDatabaseUrl(given ?? "", url === undefined ? "DATABASE_URL" : '"database" of the configuration')
      : addressOf(embedded);
  const admin = openDatabase({
    ...server,
    applicationName: "polder admin",
    connectionsMax: 4,
    statementTimeoutMs: 0,
    logger,
  });
  return {
    admin,
    embedded,
    address: (domain) => {
      const { app } = homeOf(domain);
      return { ...server, user: app, password: secrets.get(app) };
    },
    hasPassword: (domain) => secrets.has(homeOf(domain).app),
    provision: async (choice = {}) => {
      const homes = domains().map(({ name }) => homeOf(name));
      return await provision({ admin, homes, scopes: projectScopes(domains()), password: secrets.get, ...choice });
    },
    migrate: async ({ only, ...choice } = {}) => {
      const migrated: MigratedDomain[] = [];
      for (const { name, migrations } of selectDomains(domains(), only)) {
        const ran = await migrate({ admin, home: homeOf(name), migrations, logger, ...choice });
        migrated.push({ domain: name, migrations: ran });
      }
      return migrated;
    },
    requireHomes: async () => {
      for (const { name } of domains()) await requireHome(admin, name);
    },
  };
}

function addressOf({ host, port, user, password }: EmbeddedServer): DatabaseAddress {
  return { host, port, user, password, database: "postgres" };
}

/** The folder where Polder keeps what it needs of a project: `.polder` beside the configuration. */
export function polderDirectoryOf({ directory }: LoadedConfig): string {
  return join(directory, ".polder");
}

/** What a configuration says of a host; a port that is given wins. */
export function hostOptionsOf(
  { config }: LoadedConfig,
  port: number | undefined,
): Pick<HostOptions, "http" | "urls" | "calls" | "connectionsMax" | "prepare" | "observe"> {
  const { http, urls, calls, connectionsMax, prepare, metrics, slow } = config;
  return {
    http: { ...http, ...(port === undefined ? {} : { port }) },
    ...(urls === undefined ? {} : { urls }),
    ...(calls === undefined ? {} : { calls }),
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
    ...(prepare === undefined ? {} : { prepare }),
    observe: { ...(metrics === undefined ? {} : { metrics }), ...(slow === undefined ? {} : { slow }) },
  };
}

/** All that Polder keeps in a database for these domains, in the order in which it is made. */
export function projectScopes(
  domains: readonly Pick<LoadedDomain, "name" | "implementation">[],
): readonly SystemScope[] {
  return [
    busSystemSteps(),
    ...domains.map(({ name }) => homeSteps(homeOf(name))),
    ...domains.map(({ name }) => busDomainSteps(name)),
    ...domains.map(({ name }) => sagaDomainSteps(name)),
    ...domains.map(({ implementation }) => busNeedSteps(implementation.domain)),
  ];
}

/**
 * The domains with these names; all without names.
 *
 * @throws `DOMAIN_UNKNOWN` with every name that is none.
 */
export function selectDomains(
  domains: readonly LoadedDomain[],
  names: readonly string[] | undefined,
): readonly LoadedDomain[] {
  if (names === undefined) return domains;
  const known = domains.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw runtimeErrors.DOMAIN_UNKNOWN(
      `This project has no domain ${unknown.map((name) => `"${name}"`).join(", ")}; it has ${known.join(", ")}.`,
      { domains: unknown, known },
    );
  }
  return domains.filter(({ name }) => names.includes(name));
}
