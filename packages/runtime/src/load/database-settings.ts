import { describeProblems, type Problem, schemaName } from "@polder/model";
import { type DatabaseAddress, parseDatabaseUrl } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import type { LoadedConfig } from "./load-config.ts";

/** Where one database is: at an address, or in the embedded server under a name. */
export type DatabasePlace = DatabaseAddress | { readonly embedded: string };

/** A database that a setting names. */
export interface DatabaseSetting {
  readonly domain: string;
  /** What named it, such as `DATABASE_URL`. */
  readonly setting: string;
  readonly place: DatabasePlace;
}

/** What {@link readDatabaseSettings} reads. */
export interface SettingSources {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of the project's domains. */
  readonly domains: readonly string[];
}

/** The embedded server's database of whoever has no other. */
const EMBEDDED_DEFAULT = "postgres";

/** What names the database of all domains that have none of their own. */
const [SHARED_CONFIG, SHARED_VARIABLE, SHARED_EMBEDDED] = ["database", "DATABASE_URL", "the embedded server"] as const;

/**
 * Where each domain lives. What names the domain counts first: `databases` of the configuration or
 * `DATABASE_URL_<DOMAIN>`, and only one of them. Then `database` of the configuration, `DATABASE_URL`, and at last the
 * embedded server.
 *
 * @throws `CONFIG_INVALID` with every mistake in `databases`, `URL_INVALID`.
 */
export function readDatabaseSettings({ loaded, env, domains }: SettingSources): readonly DatabaseSetting[] {
  const { config } = loaded;
  const problems: Problem[] = [];
  const settings = domains.map((domain): DatabaseSetting => {
    const own = config.databases?.[domain];
    const variable = databaseVariable(domain);
    const said = env[variable] || undefined;
    const place = `databases.${domain}`;
    if (own === undefined) {
      if (said !== undefined) return { domain, setting: variable, place: placeOf(said, variable) };
      return { domain, ...sharedSetting(loaded, env) };
    }
    const named = isVariable(own) ? own : undefined;
    if (said !== undefined && named !== variable && said !== own)
      problems.push({
        place,
        problem: `names a database, and the environment's ${variable} another; keep one of them`,
      });
    const text = named === undefined ? own : env[named] || undefined;
    if (text === undefined) {
      problems.push({ place, problem: `names the environment variable ${named}, which is not set` });
      return { domain, setting: place, place: { embedded: EMBEDDED_DEFAULT } };
    }
    return { domain, setting: named ?? place, place: placeOf(text, named ?? `"${place}" of the configuration`) };
  });
  if (problems.length > 0) throw settingsInvalid(loaded, problems);
  return settings;
}

/** The environment variable with the address of a domain's own database: `DATABASE_URL_PRODUCT_CATALOG`. */
export function databaseVariable(domain: string): string {
  return `DATABASE_URL_${schemaName(domain).toUpperCase()}`;
}

/** Says whether a setting names the database of all domains that have none of their own. */
export function isShared(setting: string): boolean {
  return setting === SHARED_CONFIG || setting === SHARED_VARIABLE || setting === SHARED_EMBEDDED;
}

/** The error of settings that contradict each other or the domains that there are. */
export function settingsInvalid({ path }: Pick<LoadedConfig, "path">, problems: readonly Problem[]): Error {
  return runtimeErrors.CONFIG_INVALID(
    `The configuration ${path} and the environment do not say where the domains are; nothing was done:\n${describeProblems(problems)}`,
    { path, problems },
  );
}

/** What an entry of `databases` may be, besides the address itself: the name of an environment variable. */
export function isVariable(text: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(text);
}

/** What an entry of `databases` may be, besides the address itself: a database in the embedded server. */
export function embeddedName(text: string): string | undefined {
  const name = /^embedded:([a-z][a-z0-9_-]{0,62})$/.exec(text)?.[1];
  return name?.startsWith("template") === true ? undefined : name;
}

function sharedSetting({ config }: LoadedConfig, env: SettingSources["env"]): Omit<DatabaseSetting, "domain"> {
  const { database } = config;
  if (database !== undefined)
    return { setting: SHARED_CONFIG, place: parseDatabaseUrl(database, '"database" of the configuration') };
  const url = env["DATABASE_URL"];
  if (url !== undefined) return { setting: SHARED_VARIABLE, place: parseDatabaseUrl(url) };
  return { setting: SHARED_EMBEDDED, place: { embedded: EMBEDDED_DEFAULT } };
}

function placeOf(text: string, variable: string): DatabasePlace {
  const embedded = embeddedName(text);
  return embedded === undefined ? parseDatabaseUrl(text, variable) : { embedded };
}
