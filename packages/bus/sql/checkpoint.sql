-- How far the subscriptions of this domain have come, in ranges of the 64 parts. Together the ranges of
-- a subscription and publisher cover all parts; a process holds a range by its lease.
create table {{checkpoint}} (
  subscription text not null,
  publisher text not null,
  part_lo smallint not null,
  part_hi smallint not null,
  seq bigint not null,
  -- Grows with every new owner: who comes back late with an old epoch cannot commit.
  epoch bigint not null default 0,
  owner uuid,
  lease_until timestamptz not null default '-infinity',
  primary key (subscription, publisher, part_lo),
  check (part_lo between 0 and 63 and part_hi between part_lo and 63)
);

-- Events that a subscription could not handle yet, and the later ones of the same key behind them.
create table {{parked}} (
  subscription text not null,
  publisher text not null,
  seq bigint not null,
  part smallint not null,
  event_id uuid not null,
  key text not null,
  type text not null,
  version text not null,
  data json not null,
  headers json,
  at timestamptz not null,
  -- retry: due at next_at. waiting: behind an earlier one of its key. dead: given up. discard: to be dropped.
  state text not null check (state in ('retry', 'waiting', 'dead', 'discard')),
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  error text,
  parked_at timestamptz not null default now(),
  primary key (subscription, publisher, seq)
);
create index on {{parked}} (subscription, publisher, key, seq);
create index on {{parked}} (subscription, publisher, next_at) where state in ('retry', 'discard');

grant select, insert, update, delete on {{checkpoint}}, {{parked}} to {{app}};
