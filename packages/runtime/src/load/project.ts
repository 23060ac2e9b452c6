import { join } from "node:path";
import { neededEvents } from "@polder/bus";
import type { GatewayMount, GatewaySettings } from "@polder/http";
import { type Domain, GATEWAY, type Implementation, type Logger, type Problem, silentLogger } from "@polder/model";
import { openSecrets, type Secrets } from "@polder/postgres";
import type { RegistryServerOptions } from "@polder/registry";
import type { HostOptions } from "../host.ts";
import { type KeyRing, openKeyRing } from "../identity/key-ring.ts";
import { type Identity, openIdentity } from "../identity/open-identity.ts";
import { type PublicKeysPlace, publicKeysPlace, unpublishedKeys } from "../identity/public-keys-place.ts";
import type { HostGatewayOptions } from "../open-gateway.ts";
import type { Tracing } from "../traces/set-up-tracing.ts";
import { type BaseUrls, readBaseUrls } from "./base-urls.ts";
import { databaseVariable, readDatabaseSettings, settingsInvalid } from "./database-settings.ts";
import { type LoadedConfig, loadConfig } from "./load-config.ts";
import { type LoadedDomain, loadDomains } from "./load-domains.ts";
import { openProjectDatabase, type ProjectDatabase } from "./project-database.ts";

/** Where a project is, and with what environment. */
export interface ProjectOptions {
  /** The configuration's file. Default: the nearest `polder.config.ts`, from `from` upwards. */
  readonly file?: string;
  readonly from: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
}

/** A project: its configuration, its domains, its databases. */
export interface Project extends AsyncDisposable {
  readonly loaded: LoadedConfig;
  /** As they were loaded last. */
  readonly domains: readonly LoadedDomain[];
  /** Where domains of other processes are called. */
  readonly urls: BaseUrls;
  /** The folder where Polder keeps what it needs: `.polder` beside the configuration. */
  readonly polderDirectory: string;
  /**
   * Loads the domains again: new migrations, and what the module cache does not have yet.
   *
   * @throws `DOMAINS_INVALID`; the domains are as before then.
   */
  readonly reload: () => Promise<readonly LoadedDomain[]>;
  /**
   * Opens the databases, starting the embedded server if it is needed; with names only those of these domains and of
   * the domains whose events they need.
   *
   * @throws `URL_INVALID`, `CONFIG_INVALID` for settings that contradict each other.
   */
  readonly database: (of?: readonly string[]) => Promise<ProjectDatabase>;
  /** The keys of its domains. */
  readonly keys: KeyRing;
  /** Where all processes load the public keys. */
  readonly publicKeys: PublicKeysPlace;
  /**
   * The keys in `.polder/keys.json` that are not, or are others, where all processes load them.
   *
   * @throws `KEYS_UNAVAILABLE`.
   */
  readonly unpublishedKeys: () => Promise<readonly string[]>;
  /**
   * How its domains prove who they are. Where nobody has said where the public keys are, it makes a first key for each
   * domain that has none.
   */
  readonly identity: () => Identity;
}

/**
 * Opens a project: loads its configuration and all its domains.
 *
 * @throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `DOMAINS_INVALID`.
 */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const { logger = silentLogger, env } = options;
  const loaded = await loadConfig(options);
  const load = (): Promise<readonly LoadedDomain[]> => loadDomains(loaded.directory, loaded.config.domains);
  let domains = await load();
  refuseStrangeNames(loaded, domains);
  warnOfStrangeVariables(env, domains, logger);
  const polderDirectory = polderDirectoryOf(loaded);
  let opened: Secrets | undefined;
  const secrets = (): Secrets => {
    opened ??= openSecrets({ directory: polderDirectory, env: options.env });
    return opened;
  };
  const given = options.env["POLDER_PUBLIC_KEYS"] ?? loaded.config.identity?.publicKeys;
  const place = publicKeysPlace({ given, directory: loaded.directory, polderDirectory });
  const keys = (): KeyRing => openKeyRing({ place, secrets: secrets() });
  const connecting = new Map<string, ReturnType<typeof openProjectDatabase>>();
  const connect = async (names: readonly string[]): ReturnType<typeof openProjectDatabase> => {
    const settings = readDatabaseSettings({ loaded, env, domains: names });
    return await openProjectDatabase({
      settings,
      path: loaded.path,
      secrets: secrets(),
      logger,
      retention: loaded.config.retention ?? {},
      polderDirectory,
      domains: () => domains,
    });
  };
  return {
    loaded,
    get domains() {
      return domains;
    },
    urls: readBaseUrls({ loaded, env, domains }),
    polderDirectory,
    reload: async () => {
      domains = await load();
      return domains;
    },
    database: (of) => {
      const names = withPublishers(domains, of);
      const key = names.join();
      const opening = connecting.get(key) ?? connect(names);
      connecting.set(key, opening);
      return opening;
    },
    get keys() {
      return keys();
    },
    publicKeys: place,
    unpublishedKeys: () => unpublishedKeys({ place, polderDirectory }),
    identity: () => {
      if (place.isOwn) keys().ensure([...domains.map(({ name }) => name), GATEWAY]);
      const declarations = (): readonly Domain[] => domains.map(declarationOf);
      return openIdentity({ declarations, place, secrets: secrets(), logger, ...toleranceOf(loaded) });
    },
    [Symbol.asyncDispose]: async () => {
      for (const opening of connecting.values()) {
        const connected = await opening.catch(() => undefined);
        await connected?.[Symbol.asyncDispose]();
      }
    },
  };
}

/** The names of some domains, and of those whose events they need. */
function withPublishers(all: readonly LoadedDomain[], of: readonly string[] | undefined): readonly string[] {
  const wanted = new Set(of ?? all.map(({ name }) => name));
  for (const { name, implementation } of all)
    if (of?.includes(name) === true)
      for (const publisher of neededEvents(implementation.domain).keys()) wanted.add(publisher);
  return all.map(({ name }) => name).filter((name) => wanted.has(name));
}

/** The folder where Polder keeps what it needs of a project: `.polder` beside the configuration. */
export function polderDirectoryOf({ directory }: LoadedConfig): string {
  return join(directory, ".polder");
}

/** What a configuration says of domains that there are not. */
function refuseStrangeNames(loaded: LoadedConfig, domains: readonly LoadedDomain[]): void {
  const known = domains.map(({ name }) => name);
  const { databases = {}, gateway } = loaded.config;
  const named = [
    ...Object.keys(databases).map((name) => ({ name, place: `databases.${name}` })),
    ...(gateway?.composes ?? []).map((name, index) => ({ name, place: `gateway.composes[${index}]` })),
  ];
  const problems = named.flatMap(({ name, place }): readonly Problem[] =>
    known.includes(name) ? [] : [{ place, problem: `names no domain of this project; it has ${known.join(", ")}` }],
  );
  if (problems.length > 0) throw settingsInvalid(loaded, problems);
}

/** The variable may be somebody else's, so it is no mistake; but a mistyped one would leave its domain with the others. */
function warnOfStrangeVariables(env: ProjectOptions["env"], domains: readonly LoadedDomain[], logger: Logger): void {
  const known = new Set(domains.map(({ name }) => databaseVariable(name)));
  for (const variable of Object.keys(env)) {
    if (variable.startsWith("DATABASE_URL_") && !known.has(variable))
      logger.warn(`the environment variable ${variable} is not used: this project has no domain of that name`, {
        variable,
      });
  }
}

function declarationOf({ implementation }: LoadedDomain): Domain {
  return implementation.domain;
}

function toleranceOf({ config: { identity } }: LoadedConfig): { readonly clockToleranceSeconds?: number } {
  const { clockToleranceSeconds } = identity ?? {};
  return clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds };
}

/** What a configuration says of the gateway; a port that is given wins. */
export function gatewayOptionsOf(
  project: Project,
  {
    port,
    issuer,
    mounts,
  }: {
    readonly port: number | undefined;
    readonly issuer: GatewaySettings["issuer"];
    readonly mounts: readonly GatewayMount[];
  },
): HostGatewayOptions {
  const given = { ...(port === undefined ? {} : { port }), ...(issuer === undefined ? {} : { issuer }) };
  const { registry: _, composes: __, ...settings } = project.loaded.config.gateway ?? {};
  const composes = composedDomains(project);
  return { ...settings, ...given, mounts, composes, declarations: () => project.domains.map(declarationOf) };
}

/** The domains whose compositions the gateway answers itself, as the configuration says. */
export function composedDomains({ loaded, domains }: Pick<Project, "loaded" | "domains">): readonly Implementation[] {
  const names = loaded.config.gateway?.composes ?? [];
  return domains.filter(({ name }) => names.includes(name)).map(({ implementation }) => implementation);
}

/** What a project says of the registry; a port that is given wins. */
export function registryOptionsOf(
  { loaded: { config } }: Pick<Project, "loaded">,
  port: number | undefined,
): Omit<RegistryServerOptions, "address" | "logger"> {
  const { registry, prepare } = config;
  return { ...registry, ...(port === undefined ? {} : { port }), ...(prepare === undefined ? {} : { prepare }) };
}

/** What a project says of a host; a port that is given wins, and `tracing` is watched. */
export function hostOptionsOf(
  { loaded: { config }, urls }: Pick<Project, "loaded" | "urls">,
  { port, tracing }: { readonly port: number | undefined; readonly tracing: Pick<Tracing, "spans"> },
): Pick<HostOptions, "http" | "urls" | "calls" | "connectionsMax" | "prepare" | "retention" | "observe"> {
  const { http, calls, connectionsMax, prepare, retention, metrics, slow } = config;
  return {
    http: { ...http, ...(port === undefined ? {} : { port }) },
    urls,
    ...(calls === undefined ? {} : { calls }),
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(retention === undefined ? {} : { retention }),
    observe: {
      spans: tracing.spans,
      ...(metrics === undefined ? {} : { metrics }),
      ...(slow === undefined ? {} : { slow }),
    },
  };
}
