import type { Logger } from "@polder/model";
import { type Database, homeOf, migrate } from "@polder/postgres";
import { type MadeBuild, makeBuilds } from "@polder/reading";
import type { LoadedDomain } from "./load-domains.ts";

/** What migrating did to one domain, or would do. */
export interface MigratedDomain {
  readonly domain: string;
  readonly migrations: readonly string[];
  /** The builds of read models and replicas whose tables were made. */
  readonly builds: readonly MadeBuild[];
}

/** What {@link migrateDomain} needs. */
export interface MigrateDomainOptions {
  /** The domain's database, as the administrator who has provisioned it. */
  readonly admin: Database;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/** Runs the migrations of a domain that have not run yet, and makes the tables of its read models and replicas. */
export async function migrateDomain(
  { name, migrations, implementation }: Pick<LoadedDomain, "name" | "migrations" | "implementation">,
  options: MigrateDomainOptions,
): Promise<MigratedDomain> {
  const home = homeOf(name);
  const ran = await migrate({ ...options, home, migrations });
  const copies = [...implementation.readModels, ...implementation.replicas];
  const builds = await makeBuilds({ ...options, home, copies });
  return { domain: name, migrations: ran, builds };
}
