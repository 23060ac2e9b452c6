import { identifier } from "../sql-name.ts";
import type { Observed, ObservedDefault, ObservedGrant } from "./observe.ts";
import { type DomainHome, type Login, POLDER_ROLE } from "./roles.ts";

/** Something in the database that Polder did not put there, or that was changed since. */
export interface Drift {
  readonly object: string;
  readonly found: string;
  readonly expected: string;
  /** What mends it: a statement, or a command. */
  readonly fix: string;
}

/** What is in the database against the declaration; `keepers` may have rights to Polder's own tables. Pure. */
export function findDrift({ homes, guests, keepers }: DeclaredRoles, observed: Observed): readonly Drift[] {
  return [
    ...publicDrift(observed),
    ...roleDrift(POLDER_ROLE, "nologin", observed),
    ...schemaDrift(POLDER_ROLE, [POLDER_ROLE, ...keepers], observed),
    ...homes.flatMap(({ schema, owner, app }) => [
      ...roleDrift(owner, "nologin", observed),
      ...roleDrift(app, "login", observed),
      ...schemaDrift(schema, [owner, app], observed),
    ]),
    ...guests.flatMap(({ app }) => roleDrift(app, "login", observed)),
  ];
}

/** The roles that there are to be. */
export interface DeclaredRoles {
  readonly homes: readonly DomainHome[];
  readonly guests: readonly Login[];
  readonly keepers: readonly string[];
}

function publicDrift({ isOpenToPublic }: Observed): readonly Drift[] {
  if (!isOpenToPublic.create) return [];
  return [
    {
      object: "schema public",
      found: "create is granted to public",
      expected: "no place where domains could share tables",
      fix: "revoke create on schema public from public",
    },
  ];
}

function roleDrift(name: string, sqlLogin: "login" | "nologin", observed: Observed): readonly Drift[] {
  const role = observed.roles.get(name);
  if (role === undefined) return [];
  const object = `role ${name}`;
  const sqlRole = identifier(name);
  const drift: Drift[] = [];
  if (role.isPowerful) {
    drift.push({
      object,
      found: "has rights beyond its domain (superuser, createrole, createdb, replication or bypassrls)",
      expected: "none of them",
      fix: `alter role ${sqlRole} nosuperuser nocreaterole nocreatedb noreplication nobypassrls`,
    });
  }
  if (role.memberOf.length > 0) {
    drift.push({
      object,
      found: `is a member of ${role.memberOf.join(", ")}`,
      expected: "a member of no role",
      fix: `revoke ${sqlNames(role.memberOf)} from ${sqlRole}`,
    });
  }
  if (role.members.length > 0) {
    drift.push({
      object,
      found: `has the members ${role.members.join(", ")}`,
      expected: "no member but administrators",
      fix: `revoke ${sqlRole} from ${sqlNames(role.members)}`,
    });
  }
  if (role.canLogin !== (sqlLogin === "login")) {
    const found = role.canLogin ? "may log in" : "may not log in";
    drift.push({ object, found, expected: sqlLogin, fix: `alter role ${sqlRole} ${sqlLogin}` });
  }
  return drift;
}

/** `insiders` are the roles that may have rights in the schema besides Polder's own; the first of them owns what is made there. */
function schemaDrift(schema: string, insiders: readonly string[], observed: Observed): readonly Drift[] {
  const keeper = observed.schemaOwners.get(schema) ?? POLDER_ROLE;
  const [owner = POLDER_ROLE] = insiders;
  const isInside = (role: string): boolean => role === POLDER_ROLE || insiders.includes(role);
  const drift: Drift[] = [];
  if (keeper !== POLDER_ROLE) {
    drift.push({
      object: `schema ${schema}`,
      found: `belongs to ${keeper}`,
      expected: `belongs to ${POLDER_ROLE}`,
      fix: `alter schema ${identifier(schema)} owner to ${identifier(POLDER_ROLE)}`,
    });
  }
  for (const { kind: sqlKind, name, sqlName, owner: found } of observed.things.filter(
    (thing) => thing.schema === schema,
  )) {
    if (isInside(found)) continue;
    drift.push({
      object: `${sqlKind} ${name}`,
      found: `belongs to ${found}`,
      expected: `belongs to ${owner}`,
      fix: `alter ${sqlKind} ${sqlName} owner to ${identifier(owner)}`,
    });
  }
  return [
    ...drift,
    ...observed.grants
      .filter((grant) => grant.schema === schema && !isInside(grant.grantee) && isReachable(schema, grant))
      .map(grantDrift),
    ...observed.defaults
      .filter((given) => given.schema === schema || (given.schema === null && given.maker === owner))
      .filter(({ grantee }) => !isInside(grantee))
      .map(defaultDrift),
  ];
}

/** Routines are for everybody by PostgreSQL's default, and reached through a schema's usage; of Polder's own schema every domain has it. */
function isReachable(schema: string, { kind, grantee }: ObservedGrant): boolean {
  if (kind === "routine" && grantee === "public") return schema === POLDER_ROLE;
  return schema !== POLDER_ROLE || grantee === "public" || kind === "table" || kind === "sequence";
}

function grantDrift({ kind: sqlKind, name, sqlName, grantee, privileges }: ObservedGrant): Drift {
  const sqlPrivileges = privileges.join(", ");
  return {
    object: `${sqlKind} ${name}`,
    found: `${sqlPrivileges} is granted to ${grantee}`,
    expected: "no right for anybody outside the domain",
    fix: `revoke ${sqlPrivileges} on ${sqlKind} ${sqlName} from ${sqlGrantee(grantee)}`,
  };
}

function defaultDrift({ schema, maker, on: sqlKind, grantee, privileges }: ObservedDefault): Drift {
  const sqlPrivileges = privileges.join(", ");
  const sqlPlace = schema === null ? "" : ` in schema ${identifier(schema)}`;
  return {
    object: `default privileges of ${maker}${schema === null ? "" : ` in ${schema}`}`,
    found: `${sqlPrivileges} on ${sqlKind} to come is granted to ${grantee}`,
    expected: "no right for anybody outside the domain",
    fix: `alter default privileges for role ${identifier(maker)}${sqlPlace} revoke ${sqlPrivileges} on ${sqlKind} from ${sqlGrantee(grantee)}`,
  };
}

function sqlNames(roles: readonly string[]): string {
  return roles.map((role) => identifier(role)).join(", ");
}

function sqlGrantee(grantee: string): string {
  return grantee === "public" ? "public" : identifier(grantee);
}
