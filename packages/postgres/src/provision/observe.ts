import type pg from "pg";
import { identifier } from "../sql-name.ts";
import { type DomainHome, type Login, migratorPrefix, POLDER_ROLE } from "./roles.ts";

/** A role as it is. */
export interface ObservedRole {
  readonly name: string;
  readonly canLogin: boolean;
  /** Superuser, creator of roles or databases, replication, or free of row security: none of it is for a domain. */
  readonly isPowerful: boolean;
  /** The roles that it may become. */
  readonly memberOf: readonly string[];
  /** The roles that may become it, without administrators and the logins of migrations under way. */
  readonly members: readonly string[];
  /** May who looks act as it? */
  readonly isOurs: boolean;
}

/** A schema, table (or view), sequence or routine, and whose it is. */
export interface ObservedThing {
  readonly kind: "schema" | "table" | "sequence" | "routine";
  readonly schema: string;
  /** For people. */
  readonly name: string;
  /** Quoted, for SQL. */
  readonly sqlName: string;
  readonly owner: string;
}

/** What one role may do with one thing that is not its own. */
export interface ObservedGrant extends ObservedThing {
  /** The role, or `public`. */
  readonly grantee: string;
  /** Such as `select`, or `select (name)` for a column. */
  readonly privileges: readonly string[];
}

/** What will be granted on things that a role is going to make. */
export interface ObservedDefault {
  /** Null for any schema. */
  readonly schema: string | null;
  readonly maker: string;
  readonly on: "tables" | "sequences" | "routines" | "types" | "schemas";
  readonly grantee: string;
  readonly privileges: readonly string[];
}

/** What is really in the database of all that Polder cares about. */
export interface Observed {
  readonly database: string;
  readonly currentUser: string;
  readonly isSuperuser: boolean;
  readonly canCreateRoles: boolean;
  readonly canCreateSchemas: boolean;
  /** May everybody connect to the database, and make tables in the schema `public`? */
  readonly isOpenToPublic: { readonly connect: boolean; readonly create: boolean };
  /** The roles that may connect by a grant of their own. */
  readonly connectors: ReadonlySet<string>;
  readonly roles: ReadonlyMap<string, ObservedRole>;
  /** Owner by schema. */
  readonly schemaOwners: ReadonlyMap<string, string>;
  /** Without the schemas. */
  readonly things: readonly ObservedThing[];
  readonly grants: readonly ObservedGrant[];
  readonly defaults: readonly ObservedDefault[];
  /** Hash by `scope/step`. */
  readonly installed: ReadonlyMap<string, string>;
}

/** Reads the catalogs: what is there, and not what should be. */
export async function observe(
  client: pg.ClientBase,
  homes: readonly DomainHome[],
  guests: readonly Login[],
): Promise<Observed> {
  const roleNames = [POLDER_ROLE, ...homes.flatMap(({ owner, app }) => [owner, app]), ...guests.map(({ app }) => app)];
  const schemas = [POLDER_ROLE, ...homes.map(({ schema }) => schema)];
  const read = async <Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
    (await client.query(text, [...values])).rows as Row[];
  const [here] = await read<ObservedHere>(hereQuery);
  if (here === undefined) throw new Error("the session has no role");
  const roles = await read<ObservedRole>(rolesQuery, roleNames, homes.map(migratorPrefix));
  const owners = await read<{ schema: string; owner: string }>(ownersQuery, schemas);
  const polder = roles.find(({ name }) => name === POLDER_ROLE);
  return {
    ...here,
    connectors: new Set(here.connectors),
    roles: new Map(roles.map((role) => [role.name, role])),
    schemaOwners: new Map(owners.map(({ schema, owner }) => [schema, owner])),
    things: await read<ObservedThing>(thingsQuery, schemas),
    grants: await read<ObservedGrant>(grantsQuery, schemas),
    defaults: await read<ObservedDefault>(defaultsQuery, schemas, roleNames),
    installed: polder?.isOurs === true ? await observeInstalled(client) : new Map(),
  };
}

type ObservedHere = Pick<
  Observed,
  "database" | "currentUser" | "isSuperuser" | "canCreateRoles" | "canCreateSchemas" | "isOpenToPublic"
> & { readonly connectors: readonly string[] };

async function observeInstalled(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const ledger = await client.query(
    "select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'installed'",
    [POLDER_ROLE],
  );
  if (ledger.rowCount === 0) return new Map();
  await client.query(`set local role ${identifier(POLDER_ROLE)}`);
  const steps = await client.query<{ scope: string; step: string; hash: string }>(
    "select scope, step, hash from polder.installed",
  );
  await client.query("reset role");
  return new Map(steps.rows.map(({ scope, step, hash }) => [`${scope}/${step}`, hash]));
}

const hereQuery = `
select current_database()::text as database,
       r.rolname::text as "currentUser",
       r.rolsuper as "isSuperuser",
       r.rolcreaterole as "canCreateRoles",
       has_database_privilege(current_database(), 'create') as "canCreateSchemas",
       json_build_object(
         'connect', has_database_privilege('public', current_database(), 'connect'),
         'create', coalesce(has_schema_privilege('public', to_regnamespace('public')::oid, 'create'), false)
       ) as "isOpenToPublic",
       array(
         select pg_get_userbyid(a.grantee)::text
         from pg_database d, aclexplode(d.datacl) a
         where d.datname = current_database() and a.grantee <> 0 and a.privilege_type = 'CONNECT'
       ) as connectors
from pg_roles r
where r.rolname = current_user`;

const rolesQuery = `
select r.rolname::text as name,
       r.rolcanlogin as "canLogin",
       r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls as "isPowerful",
       array(select pg_get_userbyid(m.roleid)::text from pg_auth_members m where m.member = r.oid order by 1) as "memberOf",
       array(
         select distinct other.rolname::text
         from pg_auth_members m join pg_roles other on other.oid = m.member
         where m.roleid = r.oid
           and not other.rolsuper and not other.rolcreaterole
           and not exists (select from unnest($2::text[]) as prefix where starts_with(other.rolname, prefix))
         order by 1
       ) as members,
       -- Since version 16 a member may be barred from acting as the role.
       pg_has_role(r.oid, case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end) as "isOurs"
from pg_roles r
where r.rolname = any($1)`;

const ownersQuery = `
select nspname::text as schema, pg_get_userbyid(nspowner)::text as owner
from pg_namespace
where nspname = any($1)`;

// Sequences, indexes and types that belong to a table go where it goes.
const thingsQuery = `
select case c.relkind when 'S' then 'sequence' else 'table' end as kind, n.nspname::text as schema, format('%I.%I', n.nspname, c.relname) as "sqlName",
       n.nspname || '.' || c.relname as name, pg_get_userbyid(c.relowner)::text as owner
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S')
union all
select 'routine', n.nspname, p.oid::regprocedure::text, p.oid::regprocedure::text, pg_get_userbyid(p.proowner)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any($1)
order by 4`;

// What an owner may do with its own is not granted to anybody.
const grantsQuery = `
with acl as (
  select 'schema' as kind, n.nspname as schema, quote_ident(n.nspname) as "sqlName", n.nspname::text as name, n.nspowner as owner, a.grantee, lower(a.privilege_type) as privilege
  from pg_namespace n, aclexplode(n.nspacl) a
  union all
  select case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, format('%I.%I', n.nspname, c.relname), n.nspname || '.' || c.relname, c.relowner, a.grantee, lower(a.privilege_type)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
  union all
  select 'table', n.nspname, format('%I.%I', n.nspname, c.relname), n.nspname || '.' || c.relname, c.relowner, a.grantee, format('%s (%I)', lower(a.privilege_type), t.attname)
  from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a
  union all
  select 'routine', n.nspname, p.oid::regprocedure::text, p.oid::regprocedure::text, p.proowner, a.grantee, lower(a.privilege_type)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace, aclexplode(p.proacl) a
)
select kind, schema::text, "sqlName", name, pg_get_userbyid(owner)::text as owner,
       case when grantee = 0 then 'public' else pg_get_userbyid(grantee)::text end as grantee,
       array_agg(distinct privilege order by privilege) as privileges
from acl
where schema = any($1) and grantee <> owner
group by kind, schema, "sqlName", name, owner, grantee
order by name, grantee`;

// Routines and types are for everybody by PostgreSQL's own default, which repeats itself here.
const defaultsQuery = `
select n.nspname::text as schema,
       pg_get_userbyid(d.defaclrole)::text as maker,
       case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'T' then 'types' else 'schemas' end as "on",
       case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee,
       array_agg(distinct lower(a.privilege_type) order by lower(a.privilege_type)) as privileges
from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
where (n.nspname = any($1) or (d.defaclnamespace = 0 and pg_get_userbyid(d.defaclrole) = any($2)))
  and a.grantee <> d.defaclrole
  and not (a.grantee = 0 and d.defaclobjtype in ('f', 'T'))
group by n.nspname, d.defaclrole, d.defaclobjtype, a.grantee
order by 1, 2, 3, 4`;
