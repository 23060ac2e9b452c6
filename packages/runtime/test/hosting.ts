import { createClient } from "@polder/http";
import type { ClientOf, Implementation } from "@polder/model";
import { type Database, homeOf, migrate, migrationOf, provision } from "@polder/postgres";
import { type TestContent, type TestDatabase, until } from "@polder/postgres/testing";
import { type Host, type HostOptions, migrateDomain, projectScopes, startHost } from "../src/index.ts";
import { Bank, bankWith, migrations, Report, reportWith } from "./bank.ts";
import { tables } from "./gallery.ts";
import { sourcesWith, storefrontWith } from "./storefront.ts";

/** The homes of domains, with tables for those that have some. */
export function homesOf(implementations: readonly Implementation[]): TestContent {
  const domains = implementations.map((implementation) => ({ name: implementation.domain.name, implementation }));
  const homes = domains.map(({ name }) => homeOf(name));
  const scopes = projectScopes(domains);
  return {
    of: { homes, scopes, migrations },
    fill: async ({ admin, password }) => {
      await provision({ admin, homes, scopes, password });
      for (const home of homes) {
        await migrate({ admin, home, migrations: [migrationOf("0001-tables.sql", migrations[home.domain] ?? "")] });
      }
    },
  };
}

/** Gives domains of the gallery their homes and tables, those of their read models and replicas among them. */
export async function provisionGallery(
  { admin, password }: TestDatabase,
  implementations: readonly Implementation[],
): Promise<void> {
  const domains = implementations.map((implementation) => ({
    name: implementation.domain.name,
    implementation,
    migrations: [migrationOf("0001-tables.sql", tables[implementation.domain.name] ?? "")],
  }));
  const homes = domains.map(({ name }) => homeOf(name));
  await provision({ admin, homes, scopes: projectScopes(domains), password });
  for (const one of domains) await migrateDomain(one, { admin });
}

/** The homes of Bank and Report. */
export const bankHomes: TestContent = homesOf([bankWith(), reportWith()]);

/** The homes of Storefront and its sources. */
export const storefrontHomes: TestContent = homesOf([...Object.values(sourcesWith().sources), storefrontWith()]);

/** A host for a test, and what the test looks at. */
export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly bank: ClientOf<typeof Bank>;
  readonly report: ClientOf<typeof Report>;
}

/** Starts a host on a database of a test. */
export async function hostOn(
  database: TestDatabase,
  implementations: readonly Implementation[],
  options: Partial<HostOptions> = {},
): Promise<TestHost> {
  const host = await startHost({ implementations, address: database.appAddress, leaseMs: 3_000, ...options });
  const { transport } = host;
  return {
    host,
    bank: createClient(Bank, "1.0.0", { transport }),
    report: createClient(Report, "1.0.0", { transport }),
    [Symbol.asyncDispose]: () => host.stop(),
  };
}

/** The rows of a query, as the administrator sees them. */
export async function rows(admin: Database, text: string, ...values: readonly unknown[]): Promise<readonly object[]> {
  return (await admin.query<object>(text, values)).rows;
}

/** Connections of the domains' processes to a database. */
export async function connections({ admin, address }: TestDatabase): Promise<number> {
  const { rows: found } = await admin.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where datname = $1 and usename like '%\\_app'",
    [address.database],
  );
  return found[0]?.count ?? 0;
}

/** Waits until no domain is connected any more: PostgreSQL forgets a closed connection a moment later. */
export async function allClosed(database: TestDatabase): Promise<void> {
  await until(async () => (await connections(database)) === 0, "all connections are closed");
}
