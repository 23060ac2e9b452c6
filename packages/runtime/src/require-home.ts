import type { Implementation } from "@polder/model";
import { type Database, homeOf, postgresErrors } from "@polder/postgres";
import { isBuildOf, listBuilds } from "@polder/reading";

/** What Polder keeps in the schema of every domain; the newest column among it, for a home that an older release made. */
const tables = ["_outbox", "_request", "_migration", "_instance", "_checkpoint", "_parked", "_build"] as const;

/**
 * Makes sure that a domain has its home in a database.
 *
 * @throws `NOT_PROVISIONED` with the tables that are missing.
 */
export async function requireHome(database: Database, domain: string): Promise<void> {
  const { schema } = homeOf(domain);
  const { rows } = await database.query<{ missing: readonly string[] }>(
    `select array(
  select name
  from unnest($2::text[]) as name
  where not exists (select from pg_tables where schemaname = $1::text and tablename = name)
  union all
  select '_request.xid'
  where not exists (
    select from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1::text and c.relname = '_request' and a.attname = 'xid'
  )
) as missing`,
    [schema, tables],
  );
  const missing = (rows[0]?.missing ?? []).map((table) => `${schema}.${table}`);
  if (missing.length === 0) return;
  throw postgresErrors.NOT_PROVISIONED(
    `The domain "${domain}" has no home in the database yet (${missing.join(", ")} missing). Run "polder provision", or start with "polder dev".`,
    { domain, missing },
  );
}

/**
 * Makes sure that the read models and replicas of a domain have their tables, as they are declared now.
 *
 * @throws `NOT_PROVISIONED` with those that have none.
 */
export async function requireBuilds(
  database: Database,
  { domain: { name: domain }, readModels, replicas }: Implementation,
): Promise<void> {
  const copies = [...readModels, ...replicas];
  if (copies.length === 0) return;
  const builds = await listBuilds(database, domain);
  const missing = copies
    .filter((copied) => !builds.some((build) => isBuildOf(copied, build)))
    .map(({ kind, name, version }) => `${kind} ${name}, version ${version}`);
  if (missing.length === 0) return;
  throw postgresErrors.NOT_PROVISIONED(
    `"${domain}" has no tables yet for what it keeps of other domains (${missing.join("; ")}). Run "polder migrate", or start with "polder dev".`,
    { domain, missing },
  );
}
