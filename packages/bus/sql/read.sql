-- Reads a page of the log for a subscription: the wanted events of the wanted parts, in order.
-- There is always a row: `scanned` says up to where the page speaks for the log, also when it has no event.
create or replace function {{read}}(after_seq bigint, up_to bigint, part_lo integer, part_hi integer, events text[], max_events integer)
returns table (
  head bigint, scanned bigint,
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
  select r.seq into log_head from polder.relay r where r.domain = {{domain}};
  log_until := least(log_head, up_to);
  return query
  with page as materialized (
    select l.*, sum(pg_column_size(l.data)) over (order by l.seq) as bytes
    from (
      select l.seq, l.event_id, l.key, l.type, l.version, l.data, l.headers, l.at, l.relayed_at
      from {{log}} l
      where l.seq > after_seq and l.seq <= log_until
        and l.part between part_lo and part_hi and l.type = any (events)
      order by l.seq
      limit max_events
    ) l
  ), bounded as materialized (
    -- Large events come few at a time, yet never none.
    select p.* from page p where p.bytes <= {{page_bytes_max}} or p.seq = (select min(seq) from page)
  ), extent as (
    select case
      when (select count(*) from page) = max_events or (select count(*) from bounded) < (select count(*) from page)
        then (select max(b.seq) from bounded b)
      else greatest(log_until, after_seq)
    end as scanned
  )
  select log_head, e.scanned, b.seq, b.event_id, b.key, b.type, b.version, b.data::text, b.headers::text, b.at, b.relayed_at
  from extent e left join bounded b on true
  order by b.seq;
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
    (select r.seq from polder.relay r where r.domain = {{domain}})
  );
end
$body$;

revoke all on function {{read}}(bigint, bigint, integer, integer, text[], integer), {{seq_at}}(timestamptz) from public;
