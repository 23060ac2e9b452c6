-- Functions of the bus that serve all domains. The caller's login is the session's user, whatever role a function runs as.

-- Refuses a reader that has not declared to need these events.
create or replace function polder.require_need(wanted_publisher text, wanted_events text[]) returns void
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select from polder.consumer
    where publisher = wanted_publisher and consumer = session_user
      and (events <> '{}' or former_until > now())
      and wanted_events <@ case when former_until > now() then events || former else events end
  ) then
    raise insufficient_privilege using
      message = format('the role %s has not declared that it needs %s of %s', session_user, array_to_string(wanted_events, ', '), wanted_publisher);
  end if;
end
$body$;

-- Remembers how far a subscription has come; also registers it.
create or replace function polder.report(at_publisher text, of_subscription text, reached bigint) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform polder.require_need(at_publisher, '{}');
  insert into polder.subscriber (publisher, consumer, subscription, seq)
  values (at_publisher, session_user, of_subscription, reached)
  on conflict (publisher, consumer, subscription) do update set seq = excluded.seq, seen_at = now();
end
$body$;

-- Forgets the subscriptions "<purpose>-<number>" of the caller that are not kept: nothing is held back for them any more.
create or replace function polder.forget(at_publisher text, purpose text, kept text[]) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from polder.subscriber
  where publisher = at_publisher and consumer = session_user and subscription <> all (kept)
    and starts_with(subscription, purpose || '-') and substr(subscription, length(purpose) + 2) ~ '^[0-9]+$';
end
$body$;

revoke all on function polder.forget(text, text, text[]) from public;
-- Names this database among all others, wherever it is: in a copy, or in another cluster, ids of transactions mean
-- something else. Nobody can tell from it what the cluster and the database are called.
create or replace function polder.deployment() returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
  select left(encode(sha256(convert_to(polder.system_identifier() || '/' || oid, 'UTF8')), 'hex'), 16)
  from pg_database
  where datname = current_database()
$body$;

revoke all on function polder.require_need(text, text[]) from public;
revoke all on function polder.deployment() from public;
revoke all on function polder.report(text, text, bigint) from public;
