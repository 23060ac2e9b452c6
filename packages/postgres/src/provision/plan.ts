import { identifier } from "../sql-name.ts";
import type { Observed } from "./observe.ts";
import { type DomainHome, POLDER_ROLE } from "./roles.ts";
import { type SystemScope, type SystemStep, stepHash } from "./system-object.ts";

/** A statement that brings the database nearer to the declaration. */
export interface PlannedStatement {
  readonly what: string;
  readonly sql: string;
  /** The role whose password is set beside it, when a login is made. */
  readonly passwordOf?: string;
  /** The step that is entered into the ledger with it. */
  readonly step?: { readonly scope: string; readonly name: string; readonly hash: string };
  /** The role that runs it. Default: the administrator. */
  readonly role?: string;
}

/** Something in the database that Polder did not put there, or that was changed since. */
export interface Drift {
  readonly object: string;
  readonly found: string;
  readonly expected: string;
  /** What mends it: a statement, or a command. */
  readonly fix: string;
}

/** The statements that are missing. Pure: the same observation gives the same plan; none when all is there. */
export function planProvision(
  homes: readonly DomainHome[],
  scopes: readonly SystemScope[],
  observed: Observed,
): readonly PlannedStatement[] {
  return [
    ...planSystem(observed),
    ...homes.flatMap((home) => planHome(home, observed)),
    ...scopes.flatMap((scope) => planScope(scope, observed)),
  ];
}

function planSystem(observed: Observed): readonly PlannedStatement[] {
  const statements: PlannedStatement[] = [];
  if (!observed.roles.has(POLDER_ROLE)) statements.push(...createRole(POLDER_ROLE, "nologin", observed));
  if (observed.schemaOwners.has(POLDER_ROLE)) return statements;
  return [
    ...statements,
    { what: "schema polder", sql: `create schema ${identifier(POLDER_ROLE)} authorization ${identifier(POLDER_ROLE)}` },
    {
      what: "table polder.installed",
      role: POLDER_ROLE,
      sql: `create table polder.installed (
  scope text not null,
  step text not null,
  hash text not null,
  at timestamptz not null default now(),
  primary key (scope, step)
)`,
    },
  ];
}

function planHome({ schema, owner, app }: DomainHome, observed: Observed): readonly PlannedStatement[] {
  const statements: PlannedStatement[] = [];
  const [sqlSchema, sqlOwner, sqlApp] = [identifier(schema), identifier(owner), identifier(app)];
  if (!observed.roles.has(owner)) statements.push(...createRole(owner, "nologin", observed));
  if (!observed.roles.has(app))
    statements.push({ what: `role ${app}`, sql: `create role ${sqlApp} login`, passwordOf: app });
  if (!observed.schemaOwners.has(schema))
    statements.push({ what: `schema ${schema}`, sql: `create schema ${sqlSchema} authorization ${sqlOwner}` });
  const has = (grantee: string, privilege: string): boolean =>
    observed.grants.some(
      (grant) =>
        grant.schema === schema && grant.table === null && grant.grantee === grantee && grant.privilege === privilege,
    );
  if (!has(app, "USAGE"))
    statements.push({ what: `usage of ${schema} for ${app}`, sql: `grant usage on schema ${sqlSchema} to ${sqlApp}` });
  if (!has(POLDER_ROLE, "CREATE")) {
    statements.push({
      what: `Polder's tables in ${schema}`,
      sql: `grant usage, create on schema ${sqlSchema} to ${identifier(POLDER_ROLE)}`,
    });
  }
  const uses = observed.grants.some(
    (grant) =>
      grant.schema === POLDER_ROLE && grant.table === null && grant.grantee === app && grant.privilege === "USAGE",
  );
  if (!uses)
    statements.push({
      what: `usage of polder for ${app}`,
      sql: `grant usage on schema ${identifier(POLDER_ROLE)} to ${sqlApp}`,
    });
  if (!observed.defaultGrants.has(schema)) {
    const ofOwner = `alter default privileges for role ${sqlOwner} in schema ${sqlSchema}`;
    statements.push({
      what: `reading and writing in ${schema} for ${app}`,
      sql: `${ofOwner} grant select, insert, update, delete on tables to ${sqlApp};
${ofOwner} grant usage, select on sequences to ${sqlApp}`,
    });
  }
  return statements;
}

function createRole(name: string, login: "nologin", observed: Observed): readonly PlannedStatement[] {
  const create = { what: `role ${name}`, sql: `create role ${identifier(name)} ${login}` };
  if (observed.isSuperuser) return [create];
  // Without superuser's rights the administrator must be a member of the role to act as it.
  return [
    create,
    { what: `membership in ${name}`, sql: `grant ${identifier(name)} to ${identifier(observed.currentUser)}` },
  ];
}

function planScope({ scope, steps }: SystemScope, observed: Observed): readonly PlannedStatement[] {
  return steps
    .filter((step) => isMissing(scope, step, observed))
    .map((step) => ({
      what: `${scope}: ${step.name}`,
      sql: step.sql,
      role: step.role ?? POLDER_ROLE,
      step: { scope, name: step.name, hash: stepHash(step) },
    }));
}

function isMissing(scope: string, step: SystemStep, observed: Observed): boolean {
  const hash = observed.installed.get(`${scope}/${step.name}`);
  return hash === undefined || (step.repeatable === true && hash !== stepHash(step));
}

/** What is in the database against the declaration. Pure. */
export function findDrift(homes: readonly DomainHome[], observed: Observed): readonly Drift[] {
  return homes.flatMap((home) => [...roleDrift(home, observed), ...schemaDrift(home, observed)]);
}

function roleDrift({ owner, app }: DomainHome, observed: Observed): readonly Drift[] {
  return [owner, app].flatMap((name) => {
    const role = observed.roles.get(name);
    if (role === undefined) return [];
    const sqlRole = identifier(name);
    const drift: Drift[] = [];
    if (role.isPowerful) {
      drift.push({
        object: `role ${name}`,
        found: "has rights beyond its domain (superuser, createrole, createdb, replication or bypassrls)",
        expected: "none of them",
        fix: `alter role ${sqlRole} nosuperuser nocreaterole nocreatedb noreplication nobypassrls`,
      });
    }
    for (const other of role.memberOf) {
      drift.push({
        object: `role ${name}`,
        found: `is a member of ${other}`,
        expected: "a member of no role",
        fix: `revoke ${identifier(other)} from ${sqlRole}`,
      });
    }
    if (role.canLogin !== (name === app)) {
      const login = name === app ? "login" : "nologin";
      drift.push({
        object: `role ${name}`,
        found: role.canLogin ? "may log in" : "may not log in",
        expected: login,
        fix: `alter role ${sqlRole} ${login}`,
      });
    }
    return drift;
  });
}

function schemaDrift({ schema, owner, app }: DomainHome, observed: Observed): readonly Drift[] {
  const drift: Drift[] = [];
  const found = observed.schemaOwners.get(schema);
  if (found !== undefined && found !== owner) {
    drift.push({
      object: `schema ${schema}`,
      found: `belongs to ${found}`,
      expected: `belongs to ${owner}`,
      fix: `alter schema ${identifier(schema)} owner to ${identifier(owner)}`,
    });
  }
  const insiders = new Set([owner, app, POLDER_ROLE]);
  const outsiders = observed.grants.filter((grant) => grant.schema === schema && !insiders.has(grant.grantee));
  for (const grant of outsiders) {
    const sqlGrantee = grant.grantee === "public" ? "public" : identifier(grant.grantee);
    const object = grant.table === null ? `schema ${schema}` : `table ${schema}.${grant.table}`;
    const sqlObject =
      grant.table === null ? `schema ${identifier(schema)}` : `table ${identifier(schema, grant.table)}`;
    drift.push({
      object,
      found: `${grant.privilege.toLowerCase()} is granted to ${grant.grantee}`,
      expected: "no right for anybody outside the domain",
      fix: `revoke ${grant.privilege.toLowerCase()} on ${sqlObject} from ${sqlGrantee}`,
    });
  }
  return drift;
}
