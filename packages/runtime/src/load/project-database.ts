import { neededEvents } from "@polder/bus";
import type { Logger } from "@polder/model";
import {
  type Database,
  type DatabaseAddress,
  type Drift,
  type EmbeddedServer,
  homeOf,
  identifier,
  type ProvisionReport,
  provision,
  type Secrets,
} from "@polder/postgres";
import { REGISTRY_ROLE } from "@polder/registry";
import type { Retention } from "../domain/retention.ts";
import { runtimeErrors } from "../errors.ts";
import { requireHome } from "../require-home.ts";
import { type DatabaseSetting, isShared } from "./database-settings.ts";
import type { LoadedDomain } from "./load-domains.ts";
import { type MigratedDomain, migrateDomain } from "./migrate-domain.ts";
import { homesIn, type PlacedDatabase, placeDatabases } from "./place-databases.ts";
import { projectScopes } from "./project-scopes.ts";
import { selectDomains } from "./select-domains.ts";

/** The databases of a project. */
export interface ProjectDatabase {
  /** Each once. */
  readonly databases: readonly PlacedDatabase[];
  /** The database of a domain as the administrator that its address names, or the embedded server's. Throws `DOMAIN_UNKNOWN`. */
  readonly adminOf: (domain: string) => Database;
  readonly embedded: EmbeddedServer | undefined;
  /** Where a domain's database is, and how the processes of a domain, itself or one that reads its events, go there. */
  readonly address: (domain: string, reader?: string) => DatabaseAddress;
  /** Where the registry is, and how its process goes there: the database that domains share, or else that of the first. */
  readonly registryAddress: () => DatabaseAddress;
  /** Says whether the password of a domain's role is known; `address` would make one. */
  readonly hasPassword: (domain: string) => boolean;
  readonly provision: (options?: ProvisionChoice) => Promise<ProjectReport>;
  /** Migrates every domain; gives what ran, or would run. */
  readonly migrate: (options?: MigrateChoice) => Promise<readonly MigratedDomain[]>;
  /** Makes sure that the domains have their homes; throws `NOT_PROVISIONED`, `HOME_ELSEWHERE`. */
  readonly requireHomes: () => Promise<void>;
}

/** How to provision. */
export interface ProvisionChoice {
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
  /** Set the password of every login again. Default false. */
  readonly setPasswords?: boolean;
}

/** What was done in all databases; where there are several, each statement and each difference has its database. */
export interface ProjectReport extends ProvisionReport {
  readonly statements: readonly (ProvisionReport["statements"][number] & { readonly database?: string })[];
  readonly drift: readonly (Drift & { readonly database?: string })[];
}

/** What to migrate, and how. */
export interface MigrateChoice {
  /** Only say what would run. Default false. */
  readonly dryRun?: boolean;
  /** Names of domains; throws `DOMAIN_UNKNOWN`. Default: all. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What {@link openProjectDatabase} needs. */
export interface ProjectDatabaseOptions {
  readonly settings: readonly DatabaseSetting[];
  /** Of the configuration, for messages. */
  readonly path: string;
  readonly polderDirectory: string;
  readonly secrets: Secrets;
  readonly logger: Logger;
  readonly retention: Retention;
  /** As they were loaded last. */
  readonly domains: () => readonly LoadedDomain[];
}

/** Opens the databases of a project, starting the embedded server if one of them is in it. */
export async function openProjectDatabase(options: ProjectDatabaseOptions): Promise<ProjectDatabase & AsyncDisposable> {
  const { secrets, domains, logger, retention } = options;
  const placed = await placeDatabases(options);
  const { databases } = placed;
  const databaseOf = (domain: string): PlacedDatabase => {
    const found = databases.find((one) => one.domains.includes(domain));
    if (found !== undefined) return found;
    const known = databases.flatMap((one) => one.domains);
    throw runtimeErrors.DOMAIN_UNKNOWN(`This project has no domain "${domain}"; it has ${known.join(", ")}.`, {
      domains: [domain],
      known,
    });
  };
  return {
    databases,
    adminOf: (domain) => databaseOf(domain).admin,
    embedded: placed.embedded,
    address: (domain, reader = domain) => {
      const { app } = homeOf(reader);
      return { ...databaseOf(domain).server, user: app, password: secrets.get(app) };
    },
    registryAddress: () => {
      const shared = databases.find(({ setting }) => isShared(setting)) ?? databases[0];
      if (shared === undefined) throw new Error("a project has domains, and so a database");
      return { ...shared.server, user: REGISTRY_ROLE, password: secrets.get(REGISTRY_ROLE) };
    },
    hasPassword: (domain) => secrets.has(homeOf(domain).app),
    provision: async (choice = {}) => {
      await placed.check();
      const reports: ProjectReport[] = [];
      for (const database of databases) {
        const report = await provision({
          ...wantedIn(database, domains(), retention),
          password: secrets.get,
          ...choice,
        });
        reports.push(databases.length === 1 ? report : await withPlace(report, database, domains()));
      }
      return {
        statements: reports.flatMap(({ statements }) => statements),
        applied: choice.dryRun !== true,
        drift: reports.flatMap(({ drift }) => drift),
      };
    },
    migrate: async ({ only, ...choice } = {}) => {
      await placed.check();
      const migrated: MigratedDomain[] = [];
      for (const domain of selectDomains(domains(), only))
        migrated.push(await migrateDomain(domain, { admin: databaseOf(domain.name).admin, logger, ...choice }));
      return migrated;
    },
    requireHomes: async () => {
      await placed.check();
      for (const { name } of domains()) await requireHome(databaseOf(name).admin, name);
    },
    [Symbol.asyncDispose]: () => placed[Symbol.asyncDispose](),
  };
}

/** What one database is to hold: the homes of those who live there, and logins for those who read their events from elsewhere. */
function wantedIn({ admin, domains: living }: PlacedDatabase, all: readonly LoadedDomain[], retention: Retention) {
  const isHere = (name: string): boolean => living.includes(name);
  const elsewhere = all.filter(({ name }) => !isHere(name));
  const guests = elsewhere.filter(({ implementation }) => [...neededEvents(implementation.domain).keys()].some(isHere));
  return {
    admin,
    homes: all.filter(({ name }) => isHere(name)).map(({ name }) => homeOf(name)),
    guests: guests.map(({ name }) => homeOf(name)),
    scopes: projectScopes(all, { isHere, retention }),
  };
}

/** A report of one of several databases, with what is there of domains that live elsewhere. */
async function withPlace(
  { statements, applied, drift }: ProvisionReport,
  { name, admin, domains: living }: PlacedDatabase,
  all: readonly LoadedDomain[],
): Promise<ProjectReport> {
  const elsewhere = all.map((domain) => domain.name).filter((domain) => !living.includes(domain));
  const left = (await homesIn(admin, elsewhere)).map((domain): Drift => {
    const { schema } = homeOf(domain);
    return {
      object: `schema ${schema}`,
      found: `is a home of ${domain}, which lives in another database`,
      expected: "one home",
      fix: `once nothing of it is needed: drop schema ${identifier(schema)} cascade`,
    };
  });
  return {
    statements: statements.map((statement) => ({ ...statement, database: name })),
    applied,
    drift: [...drift, ...left].map((one) => ({ ...one, database: name })),
  };
}
