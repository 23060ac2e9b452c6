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
import { runtimeErrors } from "../errors.ts";
import { type LoadedConfig, loadConfig } from "./load-config.ts";
import { type LoadedDomain, loadDomains } from "./load-domains.ts";

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
  readonly domains: readonly LoadedDomain[];
  /** The folder where Polder keeps what it needs: `.polder` beside the configuration. */
  readonly polderDirectory: string;
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
  readonly provision: (options?: { readonly dryRun?: boolean; readonly setPasswords?: boolean }) => Promise<ProvisionReport>;
  /** Migrates every domain; gives what ran, or would run. */
  readonly migrate: (options?: { readonly dryRun?: boolean; readonly only?: readonly string[]; readonly signal?: AbortSignal }) => Promise<readonly MigratedDomain[]>;
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
  const { env, logger = silentLogger } = options;
  const loaded = await loadConfig(options);
  const domains = await loadDomains(loaded.directory, loaded.config.domains);
  const polderDirectory = join(loaded.directory, ".polder");
  let connecting: Promise<ProjectDatabase> | undefined;
  const connect = async (): Promise<ProjectDatabase> => {
    const url = loaded.config.database ?? env["DATABASE_URL"];
    const embedded = url === undefined ? await startEmbedded({ directory: polderDirectory, logger }) : undefined;
    const server: DatabaseAddress =
      embedded === undefined ? parseDatabaseUrl(url ?? "") : { host: embedded.host, port: embedded.port, user: embedded.user, password: embedded.password, database: "postgres" };
    const secrets = openSecrets({ directory: polderDirectory, env });
    const admin = openDatabase({ ...server, applicationName: "polder admin", connectionsMax: 4, statementTimeoutMs: 0, logger });
    return {
      admin,
      embedded,
      address: (domain) => {
        const { app } = homeOf(domain);
        return { ...server, user: app, password: secrets.get(app) };
      },
      provision: async (provisionOptions = {}) =>
        await provision({ admin, homes: domains.map(({ name }) => homeOf(name)), scopes: projectScopes(domains), password: secrets.get, ...provisionOptions }),
      migrate: async ({ only, ...migrateOptions } = {}) => {
        const migrated: MigratedDomain[] = [];
        for (const { name, migrations } of selectDomains(domains, only)) {
          migrated.push({ domain: name, migrations: await migrate({ admin, home: homeOf(name), migrations, logger, ...migrateOptions }) });
        }
        return migrated;
      },
    };
  };
  return {
    loaded,
    domains,
    polderDirectory,
    database: () => (connecting ??= connect()),
    [Symbol.asyncDispose]: async () => {
      const connected = await connecting?.catch(() => undefined);
      await connected?.admin.close();
      await connected?.embedded?.stop();
    },
  };
}

/** All that Polder keeps in a database for these domains, in the order in which it is made. */
export function projectScopes(domains: readonly LoadedDomain[]): readonly SystemScope[] {
  return [
    busSystemSteps(),
    ...domains.map(({ name }) => homeSteps(homeOf(name))),
    ...domains.map(({ name }) => busDomainSteps(name)),
    ...domains.map(({ implementation }) => busNeedSteps(implementation.domain)),
  ];
}

/**
 * The domains with these names; all without names.
 *
 * @throws `DOMAIN_UNKNOWN`.
 */
export function selectDomains(domains: readonly LoadedDomain[], names: readonly string[] | undefined): readonly LoadedDomain[] {
  if (names === undefined || names.length === 0) return domains;
  return names.map((name) => {
    const found = domains.find((domain) => domain.name === name);
    if (found !== undefined) return found;
    const known = domains.map((domain) => domain.name);
    throw runtimeErrors.DOMAIN_UNKNOWN(`There is no domain "${name}" in this project; there are ${known.join(", ")}.`, { domain: name, known });
  });
}
