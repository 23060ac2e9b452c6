import { REGISTRY } from "@polder/model";
import { homeOf, identifier, literal, type SystemScope } from "@polder/postgres";

/** The role of the registry's process: it reads and writes the registry's tables and nothing else. */
export const REGISTRY_ROLE: string = homeOf(REGISTRY).app;

/** Days that it is kept who has used which contract, unless it is said otherwise. */
const USES_DAYS = 400;

/** What may be said of the tables. */
export interface RegistryStepsOptions {
  /** Days that it is kept who has used which contract. Default 400: more than a year, for what is done once in a year. */
  readonly usesDays?: number;
}

/**
 * What the registry keeps in a database: schemas, under which subjects and versions they stand, and settings. They belong
 * to no domain and lie in Polder's own schema. And in every database, who uses the contracts of the domains that live
 * there.
 */
export function registrySystemSteps({ usesDays = USES_DAYS }: RegistryStepsOptions = {}): SystemScope {
  return {
    scope: "system",
    logins: [REGISTRY_ROLE],
    steps: [
      { name: "0301 registry", sql: sqlTables },
      { name: "0302 contract use", sql: sqlUse },
      { name: "0303 contract retirement", sql: sqlRetirement },
      { name: "contract use function", sql: sqlRecord, repeatable: true },
      { name: "contract use retention", sql: sqlForget(usesDays), repeatable: true },
      { name: "registry rights", sql: sqlRights, repeatable: true },
    ],
  };
}

/** Lets a domain's processes say who uses its contracts, and which contracts it uses itself. */
export function registryDomainSteps(domain: string): SystemScope {
  const sqlApp = identifier(homeOf(domain).app);
  return {
    scope: domain,
    steps: [
      {
        name: "contract use rights",
        repeatable: true,
        sql: `grant execute on function polder.record_contract_use(jsonb), polder.forget_contract_use() to ${sqlApp};`,
      },
    ],
  };
}

const sqlTables = `create table polder.registry_counter (
  is_only boolean primary key default true check (is_only),
  -- The id given last. Locked by whoever gives the next one, so that a refusal leaves no gap.
  schema_id integer not null default 0
);
insert into polder.registry_counter default values;

create table polder.registry_schema (
  context text not null,
  id integer not null,
  -- Names the content: the same in every context and every registry.
  guid uuid not null,
  type text not null check (type in ('JSON', 'AVRO', 'PROTOBUF')),
  text text not null,
  -- Schemas that it uses: [{ name, subject, version }], subjects with their contexts.
  refs jsonb not null,
  metadata json,
  rule_set json,
  at timestamptz not null default now(),
  primary key (context, id),
  unique (context, guid)
);
create index on polder.registry_schema (guid);
create index on polder.registry_schema using gin (refs jsonb_path_ops);

create table polder.registry_version (
  context text not null,
  subject text not null,
  version integer not null,
  id integer not null,
  at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (context, subject, version),
  foreign key (context, id) references polder.registry_schema (context, id)
);
create index on polder.registry_version (context, id);

create table polder.registry_setting (
  context text not null,
  -- Empty for the settings of a context.
  subject text not null,
  config json,
  mode text check (mode in ('READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT', 'FORWARD')),
  primary key (context, subject)
);`;

const sqlUse = `create table polder.contract_use (
  contract text not null,
  version text not null,
  consumer text not null,
  environment text not null,
  day date not null,
  calls bigint not null,
  seen_at timestamptz not null,
  primary key (contract, version, consumer, environment, day)
);`;

const sqlRecord = `create or replace function polder.record_contract_use(uses jsonb) returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $body$
  insert into polder.contract_use as known (contract, version, consumer, environment, day, calls, seen_at)
  select contract, version, consumer, environment, (seen_at at time zone 'UTC')::date, sum(calls), max(seen_at)
  from jsonb_to_recordset(uses)
    as one (contract text, version text, consumer text, environment text, calls bigint, seen_at timestamptz)
  group by 1, 2, 3, 4, 5
  -- Always in this order, so that two processes do not wait for each other.
  order by 1, 2, 3, 4, 5
  on conflict (contract, version, consumer, environment, day) do update
  set calls = known.calls + excluded.calls,
      seen_at = greatest(known.seen_at, excluded.seen_at)
$body$;
revoke all on function polder.record_contract_use(jsonb) from public;`;

const sqlRetirement = `create table polder.contract_retirement (
  contract text not null,
  major integer not null,
  at timestamptz not null default now(),
  by_whom text not null,
  -- Where it was retired although somebody used it: why, and who: [{ consumer, environment }].
  reason text,
  users jsonb not null default '[]',
  primary key (contract, major, at),
  check (reason is not null or users = '[]')
);`;

/** For how long is no parameter: no domain may make others forget who uses it. */
const sqlForget = (days: number): string => `create or replace function polder.forget_contract_use() returns integer
language sql
security definer
set search_path = pg_catalog, pg_temp
as $body$
  with gone as (
    delete from polder.contract_use
    where seen_at < now() - make_interval(secs => ${literal(String(days))}::double precision * 86400)
    returning 1
  )
  select count(*)::integer from gone
$body$;
revoke all on function polder.forget_contract_use() from public;`;

const sqlRights = `grant select, insert, update, delete on
  polder.registry_schema, polder.registry_version, polder.registry_setting to ${identifier(REGISTRY_ROLE)};
grant select, update on polder.registry_counter to ${identifier(REGISTRY_ROLE)};
grant select on polder.contract_use, polder.contract_retirement to ${identifier(REGISTRY_ROLE)};`;
