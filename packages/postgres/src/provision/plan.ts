import { identifier, literal } from "../sql-name.ts";
import type { Observed } from "./observe.ts";
import { type DomainHome, type Login, POLDER_ROLE } from "./roles.ts";
import { type SystemScope, type SystemStep, stepHash } from "./system-object.ts";

/** A statement that brings the database nearer to the declaration. */
export interface PlannedStatement {
  readonly what: string;
  /** Whole as it is: also by hand it does the same. */
  readonly sql: string;
  /** The role that runs it. Default: the administrator. */
  readonly as?: string;
  /** What the administrator must be able to. */
  readonly needs?: "create roles" | "create schemas";
  /** The role whose password is set beside it, when a login is made. */
  readonly passwordOf?: string;
}

/** What a database is to hold. */
export interface Wanted {
  readonly homes: readonly DomainHome[];
  /** Domains that live elsewhere and read events here, and processes of Polder itself. */
  readonly guests: readonly Login[];
  readonly scopes: readonly SystemScope[];
}

/** The statements that are missing. Pure: the same observation gives the same plan; none when all is there. */
export function planProvision({ homes, guests, scopes }: Wanted, observed: Observed): readonly PlannedStatement[] {
  return [
    ...planSystem(observed),
    ...homes.flatMap((home) => [
      ...planGroup(home.owner, observed),
      ...planLogin(home, observed),
      ...planSchema(home, observed),
      ...planUsage(home, observed),
      ...planRights(home, observed),
    ]),
    ...guests.flatMap((guest) => [...planLogin(guest, observed), ...planUsage(guest, observed)]),
    ...scopes.flatMap((scope) => planScope(scope, observed)),
  ];
}

/** The rights that an administrator without superuser's rights lacks for a plan, each as the statement that gives it. */
export function missingRights(planned: readonly PlannedStatement[], observed: Observed): readonly string[] {
  if (observed.isSuperuser) return [];
  const sqlMe = identifier(observed.currentUser);
  const missing: string[] = [];
  if (!observed.canCreateRoles && planned.some(({ needs }) => needs === "create roles"))
    missing.push(`alter role ${sqlMe} createrole`);
  if (!observed.canCreateSchemas && planned.some(({ needs }) => needs === "create schemas"))
    missing.push(`grant create on database ${identifier(observed.database)} to ${sqlMe}`);
  const acting = new Set(planned.flatMap(({ as }) => as ?? []));
  for (const role of acting) {
    if (observed.roles.get(role)?.isOurs === false) missing.push(`grant ${identifier(role)} to ${sqlMe}`);
  }
  return missing;
}

/** The statements that set the passwords of all logins again. */
export function planPasswords(logins: readonly Login[]): readonly PlannedStatement[] {
  return logins.map(({ app }) => ({
    what: `password of ${app}`,
    sql: `alter role ${identifier(app)} login`,
    needs: "create roles",
    passwordOf: app,
  }));
}

function planSystem(observed: Observed): readonly PlannedStatement[] {
  const statements = planGroup(POLDER_ROLE, observed);
  if (observed.schemaOwners.has(POLDER_ROLE)) return statements;
  return [
    ...statements,
    {
      what: "schema polder",
      sql: `create schema ${identifier(POLDER_ROLE)} authorization ${identifier(POLDER_ROLE)}`,
      needs: "create schemas",
    },
    asRole(
      POLDER_ROLE,
      "table polder.installed",
      `create table polder.installed (
  scope text not null,
  step text not null,
  hash text not null,
  at timestamptz not null default now(),
  primary key (scope, step)
);
-- A function of Polder is for those to whom it is granted.
alter default privileges revoke execute on routines from public`,
    ),
  ];
}

/** The role of a domain's processes, and its way into the database. */
function planLogin({ app }: Login, observed: Observed): readonly PlannedStatement[] {
  const statements: PlannedStatement[] = [];
  if (!observed.roles.has(app)) {
    const sql = `create role ${identifier(app)} login`;
    statements.push({ what: `role ${app}`, sql, needs: "create roles", passwordOf: app });
  }
  if (!observed.isOpenToPublic.connect && !observed.connectors.has(app)) {
    const sql = `grant connect on database ${identifier(observed.database)} to ${identifier(app)}`;
    statements.push({ what: `connections of ${app}`, sql });
  }
  return statements;
}

/** A role that only others act as. */
function planGroup(name: string, observed: Observed): readonly PlannedStatement[] {
  if (observed.roles.has(name)) return [];
  const sqlCreate = `create role ${identifier(name)} nologin`;
  // Without superuser's rights the administrator must be a member of the role to act as it.
  const sqlMember = `grant ${identifier(name)} to ${identifier(observed.currentUser)}`;
  const joins = !observed.isSuperuser && observed.canCreateRoles;
  return [{ what: `role ${name}`, sql: joins ? `${sqlCreate};\n${sqlMember}` : sqlCreate, needs: "create roles" }];
}

/**
 * The schema belongs to Polder, and the domain's owner may make things in it: whoever owns a schema may drop
 * what is in it, whosever it is, and let others in.
 */
function planSchema({ schema, owner, app }: DomainHome, observed: Observed): readonly PlannedStatement[] {
  const statements: PlannedStatement[] = [];
  const sqlSchema = identifier(schema);
  const keeper = observed.schemaOwners.get(schema);
  if (keeper === undefined) {
    const sql = `create schema ${sqlSchema} authorization ${identifier(POLDER_ROLE)}`;
    statements.push({ what: `schema ${schema}`, sql, needs: "create schemas" });
  }
  // A schema that was there before is another's to share.
  const isForeign = keeper !== undefined && keeper !== POLDER_ROLE;
  const may = (grantee: string): ReadonlySet<string> =>
    new Set(
      observed.grants.find((grant) => grant.kind === "schema" && grant.schema === schema && grant.grantee === grantee)
        ?.privileges,
    );
  const share = (grantee: string, what: string, sqlPrivileges: string): void => {
    const sql = `grant ${sqlPrivileges} on schema ${sqlSchema} to ${identifier(grantee)}`;
    statements.push(isForeign ? { what, sql } : asRole(POLDER_ROLE, what, sql));
  };
  if (isForeign && !may(POLDER_ROLE).has("create")) share(POLDER_ROLE, `Polder's tables in ${schema}`, "usage, create");
  if (!may(owner).has("create") || !may(owner).has("usage"))
    share(owner, `tables of ${owner} in ${schema}`, "usage, create");
  if (!may(app).has("usage")) share(app, `usage of ${schema} for ${app}`, "usage");
  return statements;
}

const appRights = { tables: ["select", "insert", "update", "delete"], sequences: ["usage", "select"] } as const;

/** The way to Polder's functions; which of them a domain may call, its needs say. */
function planUsage({ app }: Login, observed: Observed): readonly PlannedStatement[] {
  const uses = observed.grants.some(
    (grant) =>
      grant.kind === "schema" &&
      grant.schema === POLDER_ROLE &&
      grant.grantee === app &&
      grant.privileges.includes("usage"),
  );
  if (uses) return [];
  const sql = `grant usage on schema ${identifier(POLDER_ROLE)} to ${identifier(app)}`;
  return [asRole(POLDER_ROLE, `usage of polder for ${app}`, sql)];
}

function planRights({ schema, owner, app }: DomainHome, observed: Observed): readonly PlannedStatement[] {
  const statements: PlannedStatement[] = [];
  const sqlApp = identifier(app);
  const lacks = (on: keyof typeof appRights): boolean => {
    const found = observed.defaults.find(
      (given) => given.schema === schema && given.maker === owner && given.on === on && given.grantee === app,
    );
    return !appRights[on].every((privilege) => found?.privileges.includes(privilege) === true);
  };
  if (lacks("tables") || lacks("sequences")) {
    const sqlDefault = `alter default privileges in schema ${identifier(schema)}`;
    const sql = `${sqlDefault} grant ${appRights.tables.join(", ")} on tables to ${sqlApp};
${sqlDefault} grant ${appRights.sequences.join(", ")} on sequences to ${sqlApp}`;
    statements.push(asRole(owner, `reading and writing in ${schema} for ${app}`, sql));
  }
  return statements;
}

function planScope({ scope, steps }: SystemScope, observed: Observed): readonly PlannedStatement[] {
  return steps
    .filter((step) => isMissing(scope, step, observed))
    .map((step) =>
      asRole(
        POLDER_ROLE,
        `${scope}: ${step.name}`,
        `${step.sql.trim().replace(/;$/, "")};
insert into polder.installed (scope, step, hash) values (${literal(scope)}, ${literal(step.name)}, ${literal(stepHash(step))})
on conflict (scope, step) do update set hash = excluded.hash, at = now()`,
      ),
    );
}

function isMissing(scope: string, step: SystemStep, observed: Observed): boolean {
  const hash = observed.installed.get(`${scope}/${step.name}`);
  return hash === undefined || (step.repeatable === true && hash !== stepHash(step));
}

function asRole(role: string, what: string, sql: string): PlannedStatement {
  return { what, sql: `set role ${identifier(role)};\n${sql};\nreset role`, as: role };
}
