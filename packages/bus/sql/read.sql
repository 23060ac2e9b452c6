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

-- What a subscription has before it that has handled everything up to a position: also what is published and not in the
-- log yet. Where the events that follow in the log are none of the wanted ones, it is not looked for without end: the
-- first that was not looked at stands for them, which may be too old and never too young.
create or replace function {{pending}}(after_seq bigint, events text[], out head bigint, out oldest bigint, out waiting_ms double precision)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  r polder.relay%rowtype;
  since timestamptz;
begin
  perform polder.require_need({{domain}}, events);
  select * into r from polder.relay where domain = {{domain}} order by step desc limit 1;
  head := r.seq;
  oldest := coalesce((select l.seq from {{log}} l order by l.seq limit 1), r.seq + 1);
  if after_seq < r.seq then
    select coalesce(
      (select l.at from (select l.seq, l.at, l.type from {{log}} l where l.seq > after_seq order by l.seq limit 1000) l
       where l.type = any (events) order by l.seq limit 1),
      (select l.at from {{log}} l where l.seq > after_seq + 1000 order by l.seq limit 1)
    ) into since;
  end if;
  if since is null then
    select min(o.at) into since
    from (
      (select o.at from {{outbox}} o
       where o.xid >= pg_snapshot_xmax(r.lo) and o.type = any (events)
         and (r.hi is null or o.id > r.last_id or not pg_visible_in_snapshot(o.xid, r.hi))
       order by o.xid limit 1)
      union all
      (select o.at from {{outbox}} o
       where o.xid = any (array(select pg_snapshot_xip(r.lo))) and o.type = any (events)
         and (r.hi is null or o.id > r.last_id or not pg_visible_in_snapshot(o.xid, r.hi))
       order by o.xid limit 1)
    ) o;
  end if;
  -- Greatest passes over what is null.
  waiting_ms := case when since is not null then greatest(0, extract(epoch from clock_timestamp() - since) * 1000) end;
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

revoke all on function {{read}}(bigint, bigint, integer, integer, text[], integer), {{pending}}(bigint, text[]), {{seq_at}}(timestamptz) from public;
