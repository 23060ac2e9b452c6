import type { SystemScope } from "@polder/postgres";
import { type SagaNames, sagaNames } from "./names.ts";

/**
 * What every domain's schema holds of its sagas: where each stands, what its steps gave, and the events that have come for
 * it. It lies beside the domain's own tables, so that a local step and the memory of it are one transaction.
 */
export function sagaDomainSteps(domain: string): SystemScope {
  const sql = sagaNames(domain);
  return {
    scope: domain,
    steps: [
      {
        name: "0201 saga",
        sql: sqlTables(sql),
      },
      {
        name: "saga hold function",
        repeatable: true,
        sql: sqlHold(sql),
      },
    ],
  };
}

function sqlTables(sql: SagaNames): string {
  return `create table ${sql.saga} (
  id uuid primary key default gen_random_uuid(),
  saga text not null,
  key text not null,
  input json not null,
  headers json,
  -- forward: its steps are done. back: they are taken back. done, undone: it has ended so.
  state text not null default 'forward' check (state in ('forward', 'back', 'done', 'undone')),
  -- Why it is taken back.
  reason text,
  -- Why it stands still until somebody looks at it.
  stuck text,
  -- What callers get who wait for it.
  answer json,
  -- How many events have come for it: who sleeps has seen so many.
  news integer not null default 0,
  -- Failures since something last went well.
  failures integer not null default 0,
  wake_at timestamptz not null default now(),
  owner uuid,
  -- Grows with every new owner: who comes back late with an old epoch cannot commit.
  epoch bigint not null default 0,
  lease_until timestamptz not null default '-infinity',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (saga, key)
);
create index on ${sql.saga} (wake_at) where state in ('forward', 'back') and stuck is null;
create index on ${sql.saga} (ended_at) where ended_at is not null;

create table ${sql.step} (
  saga_id uuid not null references ${sql.saga} (id) on delete cascade,
  name text not null,
  -- In which order the steps began: they are taken back the other way round.
  position integer not null,
  kind text not null check (kind in ('outside', 'local', 'wait')),
  -- begun: it may have happened. tried: it has not happened yet. done. failed: it has not happened and will not.
  -- given-up: it may have happened, and is not tried again. undone.
  state text not null check (state in ('begun', 'tried', 'done', 'failed', 'given-up', 'undone')),
  attempts integer not null default 0,
  result json,
  error text,
  at timestamptz not null default now(),
  primary key (saga_id, name)
);

create table ${sql.news} (
  saga_id uuid not null references ${sql.saga} (id) on delete cascade,
  arrived bigint generated always as identity,
  event_id uuid not null,
  name text not null,
  event json not null,
  primary key (saga_id, event_id)
);

grant select, insert, update, delete on ${sql.saga}, ${sql.step}, ${sql.news} to ${sql.app};`;
}

function sqlHold(sql: SagaNames): string {
  return `create or replace function ${sql.hold}(of_saga uuid, of_epoch bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Locked until the commit, so that nobody takes over in between.
  perform from ${sql.saga} where id = of_saga and epoch = of_epoch for no key update;
  if not found then
    raise exception 'the saga % has another owner', of_saga using errcode = 'PL001';
  end if;
end
$body$;
revoke all on function ${sql.hold}(uuid, bigint) from public;
grant execute on function ${sql.hold}(uuid, bigint) to ${sql.app};`;
}
