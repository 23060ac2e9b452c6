import { identifier } from "../sql-name.ts";
import type { DomainHome } from "./roles.ts";
import type { SystemScope, SystemStep } from "./system-object.ts";

/**
 * What every domain's schema holds of Polder itself: the outbox, the answers of keyed commands, the
 * ledger of migrations, and the processes that run the domain. The tables belong to Polder's own
 * role, so that neither the domain's code nor its migrations can rewrite them.
 */
export function homeSteps(home: DomainHome): SystemScope {
  const sqlTable = (name: string): string => identifier(home.schema, name);
  return {
    scope: home.domain,
    steps: [
      {
        name: "0001 outbox",
        // Identity values are drawn one by one (cache 1): a cached range would break the order of events per key.
        sql: `create table ${sqlTable("_outbox")} (
  id bigint generated always as identity (cache 1) primary key,
  xid xid8 not null default pg_current_xact_id(),
  event_id uuid not null,
  key text not null,
  type text not null,
  version text not null,
  data json not null,
  headers json,
  at timestamptz not null default clock_timestamp()
) partition by range (id);
create index on ${sqlTable("_outbox")} (xid);`,
      },
      {
        name: "0002 request",
        sql: `create table ${sqlTable("_request")} (
  operation text not null,
  key text not null,
  input_hash bytea not null,
  answer json not null,
  at timestamptz not null default now(),
  primary key (operation, key)
);
create index on ${sqlTable("_request")} (at);`,
      },
      {
        name: "0003 migration",
        sql: `create table ${sqlTable("_migration")} (
  name text primary key,
  hash text not null,
  applied_at timestamptz not null default now(),
  duration_ms integer not null
);`,
      },
      {
        name: "0004 instance",
        sql: `create table ${sqlTable("_instance")} (
  id uuid primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);`,
      },
      {
        name: "0005 subscriptions of an instance",
        // Of a process that does not say which subscriptions it runs it is assumed that it runs all.
        sql: `alter table ${sqlTable("_instance")} add column subscriptions text[];`,
      },
      {
        name: "0006 transaction of an answer",
        // Of answers that were stored before it is not known.
        sql: `alter table ${sqlTable("_request")} add column xid xid8;`,
      },
      rightsStep(home),
    ],
  };
}

function rightsStep(home: DomainHome): SystemStep {
  const sqlTable = (name: string): string => identifier(home.schema, name);
  const [sqlOwner, sqlApp] = [identifier(home.owner), identifier(home.app)];
  return {
    name: "rights",
    repeatable: true,
    // The application writes what an event says, and nothing that the relay goes by. The owner enters each migration
    // in the transaction of that migration, so that both are there or neither.
    sql: `revoke all on ${sqlTable("_outbox")}, ${sqlTable("_request")}, ${sqlTable("_migration")}, ${sqlTable("_instance")} from ${sqlApp}, ${sqlOwner};
grant insert (event_id, key, type, version, data, headers) on ${sqlTable("_outbox")} to ${sqlApp};
grant select, insert, delete on ${sqlTable("_request")} to ${sqlApp};
grant select on ${sqlTable("_migration")} to ${sqlApp};
grant insert (name, hash, duration_ms) on ${sqlTable("_migration")} to ${sqlOwner};
grant select, insert, update, delete on ${sqlTable("_instance")} to ${sqlApp};`,
  };
}
