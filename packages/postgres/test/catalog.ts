import type { Database } from "@polder/postgres";

/**
 * All that provisioning makes, as the catalogs tell it, one line a thing: roles and memberships, schemas, tables with
 * their columns and indexes, functions, rights, ledger. Without passwords and times.
 */
export async function catalogOf(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ line: string }>(catalogQuery);
  const ledger = rows.some(({ line }) => line === "relation polder.installed r of polder");
  const steps = ledger ? (await database.query<{ line: string }>(stepsQuery)).rows : [];
  return [...rows, ...steps].map(({ line }) => line);
}

const catalogQuery = `
with acl (what, items) as (
  select 'schema ' || nspname, nspacl from pg_namespace where nspname !~ '^(pg_|information_schema)'
  union all
  select 'relation ' || n.nspname || '.' || c.relname, c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)'
  union all
  select 'column ' || a.attrelid::regclass || '.' || a.attname, a.attacl from pg_attribute a
  union all
  select 'routine ' || p.oid::regprocedure, p.proacl from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^(pg_|information_schema)'
  union all
  select 'default of ' || pg_get_userbyid(d.defaclrole) || ' in ' || coalesce(n.nspname, '*') || ' ' || d.defaclobjtype::text, d.defaclacl
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
  union all
  select 'database', datacl from pg_database where datname = current_database()
), lines (line) as (
  select format('role %s login=%s super=%s', rolname, rolcanlogin, rolsuper) from pg_roles where rolname !~ '^pg_'
  union all
  select format('member %s of %s', pg_get_userbyid(member), pg_get_userbyid(roleid)) from pg_auth_members where pg_get_userbyid(member) !~ '^pg_'
  union all
  select format('schema %s of %s', nspname, pg_get_userbyid(nspowner)) from pg_namespace where nspname !~ '^(pg_|information_schema)'
  union all
  select format('relation %s.%s %s of %s', n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)'
  union all
  select format('column %s.%s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^(pg_|information_schema)' and a.attnum > 0
  union all
  select format('routine %s of %s: %s', p.oid::regprocedure, pg_get_userbyid(p.proowner), md5(p.prosrc))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^(pg_|information_schema)'
  union all
  select format('%s: %s', what, item) from acl, unnest(items) as item
)
select line from lines order by line`;

const stepsQuery = "select format('step %s %s %s', scope, step, hash) as line from polder.installed order by line";
