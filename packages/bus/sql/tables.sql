-- What the bus keeps in a database, for all domains.

-- Names the cluster: a restored dump is in another one.
create function polder.system_identifier() returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $body$ select system_identifier::text from pg_control_system() $body$;

-- How far the outbox of each domain has been moved into its log.
create table polder.relay (
  domain text not null,
  -- Grows with every step: the live row is the one with the highest, and found at once also when older versions of it
  -- cannot be cleaned up because somebody holds a snapshot.
  step bigint not null default 0,
  -- Everything that this snapshot sees has been moved.
  lo pg_snapshot not null default pg_current_snapshot(),
  -- While a backlog is moved page by page: the snapshot that bounds it, the last id moved, the last id in it.
  hi pg_snapshot,
  last_id bigint,
  hi_id bigint,
  -- The newest position of the log; positions are dense, from 1.
  seq bigint not null default 0,
  -- Partitions exist for ids and positions below these.
  outbox_until bigint not null default 0,
  log_until bigint not null default 0,
  -- The cluster whose transaction ids the snapshots speak of.
  system_identifier text not null default polder.system_identifier(),
  primary key (domain, step)
);

-- Which role may read which events of which domain: what the consumers' declarations need.
create table polder.consumer (
  publisher text not null,
  consumer text not null,
  events text[] not null,
  primary key (publisher, consumer)
);

-- How far each subscription has come, as it last said: the log is kept for the slowest.
create table polder.subscriber (
  publisher text not null,
  consumer text not null,
  subscription text not null,
  seq bigint not null,
  seen_at timestamptz not null default now(),
  primary key (publisher, consumer, subscription)
);
