import type pg from "pg";
import { type DomainHome, POLDER_ROLE } from "./roles.ts";

/** A role as it is. */
export interface ObservedRole {
  readonly name: string;
  readonly canLogin: boolean;
  /** Superuser, creator of roles or databases, replication, or free of row security: none of it is for a domain. */
  readonly isPowerful: boolean;
  /** The roles that it may become. */
  readonly memberOf: readonly string[];
}

/** A privilege on a schema, or on any table in it. */
export interface ObservedGrant {
  readonly schema: string;
  /** Null for the schema itself. */
  readonly table: string | null;
  /** The role, or `public`. */
  readonly grantee: string;
  readonly privilege: string;
}

/** What is really in the database of all that Polder cares about. */
export interface Observed {
  readonly currentUser: string;
  readonly isSuperuser: boolean;
  readonly canCreateRoles: boolean;
  readonly roles: ReadonlyMap<string, ObservedRole>;
  /** Owner by schema. */
  readonly schemaOwners: ReadonlyMap<string, string>;
  readonly grants: readonly ObservedGrant[];
  /** Schemas where tables of the owner are granted to the app by default. */
  readonly defaultGrants: ReadonlySet<string>;
  /** Hash by `scope/step`. */
  readonly installed: ReadonlyMap<string, string>;
}

/** Reads the catalogs: what is there, and not what should be. */
export async function observe(client: pg.ClientBase, homes: readonly DomainHome[]): Promise<Observed> {
  const roleNames = [POLDER_ROLE, ...homes.flatMap(({ owner, app }) => [owner, app])];
  const schemas = [POLDER_ROLE, ...homes.map(({ schema }) => schema)];
  const me = await client.query<{ name: string; superuser: boolean; creates: boolean }>(
    "select rolname as name, rolsuper as superuser, rolcreaterole as creates from pg_roles where rolname = current_user",
  );
  const roles = await client.query<ObservedRole>(rolesQuery, [roleNames]);
  const owners = await client.query<{ schema: string; owner: string }>(
    "select nspname as schema, pg_get_userbyid(nspowner)::text as owner from pg_namespace where nspname = any($1)",
    [schemas],
  );
  const grants = await client.query<ObservedGrant>(grantsQuery, [schemas]);
  const defaults = await client.query<{ schema: string }>(defaultsQuery, [schemas]);
  return {
    currentUser: me.rows[0]?.name ?? "",
    isSuperuser: me.rows[0]?.superuser ?? false,
    canCreateRoles: me.rows[0]?.creates ?? false,
    roles: new Map(roles.rows.map((role) => [role.name, role])),
    schemaOwners: new Map(owners.rows.map(({ schema, owner }) => [schema, owner])),
    grants: grants.rows,
    defaultGrants: new Set(defaults.rows.map(({ schema }) => schema)),
    installed: await observeInstalled(client),
  };
}

async function observeInstalled(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const ledger = await client.query<{ exists: boolean }>(
    "select to_regclass('polder.installed') is not null as exists",
  );
  if (ledger.rows[0]?.exists !== true) return new Map();
  const steps = await client.query<{ scope: string; step: string; hash: string }>(
    "select scope, step, hash from polder.installed",
  );
  return new Map(steps.rows.map(({ scope, step, hash }) => [`${scope}/${step}`, hash]));
}

const rolesQuery = `
select r.rolname as name,
       r.rolcanlogin as "canLogin",
       r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls as "isPowerful",
       array(select pg_get_userbyid(m.roleid)::text from pg_auth_members m where m.member = r.oid) as "memberOf"
from pg_roles r
where r.rolname = any($1)`;

const grantsQuery = `
select n.nspname as schema, null as "table", case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee, a.privilege_type as privilege
from pg_namespace n, aclexplode(n.nspacl) a
where n.nspname = any($1)
union all
select n.nspname, c.relname, case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end, a.privilege_type
from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
where n.nspname = any($1)`;

const defaultsQuery = `
select n.nspname as schema
from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace
where n.nspname = any($1)
group by n.nspname
having count(*) filter (where d.defaclobjtype = 'r') > 0 and count(*) filter (where d.defaclobjtype = 'S') > 0`;
