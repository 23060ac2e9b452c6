-- Reads a page of the log for a subscription: the wanted events of the wanted parts, in order.
-- There is always a row: `reaches` says up to where the log was looked at, also when it has no event. A page that
-- is full, in number or in bytes, speaks for the log only up to its last event.
create or replace function {{read}}(after_seq bigint, up_to bigint, part_lo integer, part_hi integer, events text[], max_events integer)
returns table (
  head bigint, reaches bigint, bytes bigint,
  seq bigint, event_id uuid, key text, type text, version text, data text, headers text, at timestamptz, relayed_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
#variable_conflict use_column
declare
  log_head bigint;
  log_until bigint;
begin
  perform polder.require_need({{domain}}, events);
  select r.seq into log_head from polder.relay r where r.domain = {{domain}} order by r.step desc limit 1;
  log_until := greatest(after_seq, least(log_head, up_to));
  return query
  select log_head, log_until, l.bytes, l.seq, l.event_id, l.key, l.type, l.version, l.data::text, l.headers::text, l.at, l.relayed_at
  from (
    select l.*, sum(l.size) over (order by l.seq rows unbounded preceding) as bytes
    from (
      select l.seq, l.event_id, l.key, l.type, l.version, l.data, l.headers, l.at, l.relayed_at, pg_column_size(l.data) as size
      from {{log}} l
      where l.seq > after_seq and l.seq <= log_until
        and l.part between part_lo and part_hi and l.type = any (events)
      order by l.seq
      limit max_events
    ) l
  ) l
  -- Large events come few at a time, yet never none.
  where l.bytes - l.size < {{page_bytes_max}};
  if not found then
    return query select log_head, log_until, 0::bigint,
      null::bigint, null::uuid, null::text, null::text, null::text, null::text, null::text, null::timestamptz, null::timestamptz;
  end if;
end
$body$;

-- The position before the first event that was logged at a time or later: where a replay from that time begins.
create or replace function {{seq_at}}(moment timestamptz) returns bigint
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform polder.require_need({{domain}}, '{}');
  return coalesce(
    (select l.seq - 1 from {{log}} l where l.relayed_at >= moment order by l.seq limit 1),
    (select r.seq from polder.relay r where r.domain = {{domain}} order by r.step desc limit 1)
  );
end
$body$;

revoke all on function {{read}}(bigint, bigint, integer, integer, text[], integer), {{seq_at}}(timestamptz) from public;
