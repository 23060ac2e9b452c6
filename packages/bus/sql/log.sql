-- The log of a domain: its committed events in one dense sequence.
create table {{log}} (
  seq bigint primary key,
  outbox_id bigint not null,
  -- One of 64 parts by the key; whoever holds a part handles all events of its keys.
  part smallint not null,
  event_id uuid not null,
  key text not null,
  type text not null,
  version text not null,
  data json not null,
  headers json,
  at timestamptz not null,
  relayed_at timestamptz not null default clock_timestamp()
) partition by range (seq);

insert into polder.relay (domain) values ({{domain}});
