import type { SystemScope } from "@polder/postgres";
import { type ReadingNames, readingNames } from "./names.ts";

/**
 * What every domain's schema holds of its read models and replicas: their builds, each a set of tables in a schema of its
 * own, and the functions that put one in the place of another.
 */
export function readingDomainSteps(domain: string): SystemScope {
  const sql = readingNames(domain);
  return {
    scope: domain,
    steps: [
      { name: "0401 build", sql: sqlTable(sql) },
      { name: "switch build function", repeatable: true, sql: sqlSwitch(sql) },
      { name: "drop build function", repeatable: true, sql: sqlDrop(sql) },
      { name: "withdraw function", repeatable: true, sql: sqlWithdraw(sql) },
    ],
  };
}

function sqlTable(sql: ReadingNames): string {
  return `create table ${sql.build} (
  build integer generated always as identity primary key,
  -- The read model or replica that it is a build of, and by which definition.
  copy text not null,
  kind text not null check (kind in ('read model', 'replica')),
  version integer not null,
  definition text not null,
  -- What brings it its events.
  subscription text not null generated always as (replace(kind, ' ', '-') || '-' || copy || '-' || build) stored,
  -- making: its tables are not there yet. building: it is filled. serving: it is read. former: it was read before.
  state text not null default 'making' check (state in ('making', 'building', 'serving', 'former')),
  tables text[] not null default '{}',
  -- It serves only when somebody says so.
  by_hand boolean not null default false,
  made_at timestamptz not null default now(),
  switched_at timestamptz,
  former_at timestamptz,
  -- With which position the logs began that had lost older events when it began, by publisher.
  lacks json,
  -- The filling of a replica: what to ask for next, how many rows there are, and who is at it.
  page json,
  filled bigint not null default 0,
  filled_at timestamptz,
  filler uuid,
  filler_until timestamptz not null default '-infinity'
);
create unique index on ${sql.build} (copy) where state = 'serving';
grant select, update (lacks, page, filled, filled_at, filler, filler_until) on ${sql.build} to ${sql.app};`;
}

function sqlSwitch(sql: ReadingNames): string {
  return `create or replace function ${sql.switch_build}(of_build integer, even_if_behind boolean) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted ${sql.build}%rowtype;
  former ${sql.build}%rowtype;
  home text;
  name text;
begin
  -- One at a time: whoever comes later finds what the other has done.
  select * into wanted from ${sql.build} where build = of_build for update;
  if wanted.state = 'serving' then return true; end if;
  if wanted.state is null or wanted.state = 'making' then
    raise exception 'there is no build % that could serve', of_build using errcode = 'PL002';
  end if;
  select * into former from ${sql.build} where copy = wanted.copy and state = 'serving' for update;
  -- Whoever reads at the moment is waited for, and others behind us: give way soon, and come again.
  perform set_config('lock_timeout', '300ms', true);
  if former.build is not null and not even_if_behind then
    if wanted.filled_at is null then return false; end if;
    -- The one that serves stands still until we have ended, so that no reader ever sees less than before.
    perform from ${sql.checkpoint} where subscription = former.subscription for update;
    perform from ${sql.checkpoint} old
    where old.subscription = former.subscription
      and old.seq > coalesce((select min(c.seq) from ${sql.checkpoint} c where c.subscription = wanted.subscription and c.publisher = old.publisher), -1);
    if found then return false; end if;
  end if;
  foreach name in array coalesce(former.tables, '{}') loop
    if name <> all (wanted.tables) then
      execute format('drop view if exists ${sql.schema}.%I', name);
    end if;
  end loop;
  home := ${sql.schema_literal} || '__build_' || of_build;
  foreach name in array wanted.tables loop
    begin
      execute format('create or replace view ${sql.schema}.%I as select * from %I.%I', name, home, name);
    exception when invalid_table_definition then
      -- Columns are others: then it is made anew.
      execute format('drop view ${sql.schema}.%I', name);
      execute format('create view ${sql.schema}.%I as select * from %I.%I', name, home, name);
    end;
    execute format('grant select on ${sql.schema}.%I to ${sql.app}', name);
  end loop;
  -- One that was begun for an earlier version, and has not come so far, is over as well.
  update ${sql.build} set state = 'former', former_at = now()
  where build = former.build or (copy = wanted.copy and state = 'building' and version < wanted.version);
  update ${sql.build} set state = 'serving', switched_at = now(), former_at = null where build = of_build;
  -- All processes of the domain look at once.
  perform pg_notify(${sql.channel}, '');
  return true;
end
$body$;
revoke all on function ${sql.switch_build}(integer, boolean) from public;
grant execute on function ${sql.switch_build}(integer, boolean) to ${sql.app};`;
}

function sqlDrop(sql: ReadingNames): string {
  return `create or replace function ${sql.drop_build}(of_build integer) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  gone ${sql.build}%rowtype;
begin
  select * into gone from ${sql.build} where build = of_build for update;
  if gone.build is null then return false; end if;
  if gone.state = 'serving' then
    raise exception 'build % serves', of_build using errcode = 'PL002';
  end if;
  perform set_config('lock_timeout', '300ms', true);
  execute format('drop schema if exists %I cascade', ${sql.schema_literal} || '__build_' || of_build);
  delete from ${sql.checkpoint} where subscription = gone.subscription;
  delete from ${sql.parked} where subscription = gone.subscription;
  delete from ${sql.build} where build = of_build;
  perform pg_notify(${sql.channel}, '');
  return true;
end
$body$;
revoke all on function ${sql.drop_build}(integer) from public;
grant execute on function ${sql.drop_build}(integer) to ${sql.app};`;
}

function sqlWithdraw(sql: ReadingNames): string {
  return `create or replace function ${sql.withdraw}(of_copy text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  gone ${sql.build}%rowtype;
  name text;
begin
  select * into gone from ${sql.build} where copy = of_copy and state = 'serving' for update;
  if gone.build is null then return; end if;
  perform set_config('lock_timeout', '300ms', true);
  foreach name in array gone.tables loop
    execute format('drop view if exists ${sql.schema}.%I', name);
  end loop;
  update ${sql.build} set state = 'former', former_at = now() where build = gone.build;
  perform pg_notify(${sql.channel}, '');
end
$body$;
revoke all on function ${sql.withdraw}(text) from public;
grant execute on function ${sql.withdraw}(text) to ${sql.app};`;
}
