-- Says how far the log has to be read for what some transactions have published. The log is given its positions after
-- their commits, so they are known by their ids; and what is wanted are upper bounds, as close as they cost little.
--
-- asked: a list of { deployment, xid, last, events, keys }; without `last` whatever is there now counts, without `keys`
-- those of any key.
-- One row for each, `ask` counts from 0. state:
--   foreign: it was in another database, or in this one before it was restored elsewhere.
--   ahead: no such transaction has begun here.
--   waiting: the relay has not moved its events yet.
--   logged: its events, as far as they have these names and keys, are in the log at `floor` or before, or where they are
--     in one of `parts`, at the position in `seqs` that belongs to it, or before.
create or replace function {{locate}}(asked json)
returns table (ask integer, state text, floor bigint, parts smallint[], seqs bigint[])
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
-- Pin the plan, as the relay does.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
#variable_conflict use_column
declare
  r polder.relay%rowtype;
  here text := polder.deployment();
  now_visible pg_snapshot := pg_current_snapshot();
  moved pg_snapshot;
begin
  perform polder.require_need({{domain}}, '{}');
  select * into r from polder.relay where domain = {{domain}} order by step desc limit 1;
  -- Before the relay has adopted a restored database, its snapshots speak of other transactions.
  if r.system_identifier = polder.system_identifier() then
    moved := r.lo;
    -- The relay writes down nothing while there is nothing to move. Then what is seen now has been moved as well.
    if r.hi is null and not exists (
      select from {{outbox}} o where o.xid >= pg_snapshot_xmax(r.lo)
      union all
      select from {{outbox}} o where o.xid = any (array(select pg_snapshot_xip(r.lo)))
    ) then
      moved := now_visible;
    end if;
  end if;
  return query
  with asked_for as (
    select (n - 1)::integer as ask, a.*, coalesce(pg_visible_in_snapshot(a.xid, moved), false) as is_moved
    from json_array_elements(asked) with ordinality as e (one, n),
      json_to_record(e.one) as a (deployment text, xid xid8, last uuid, events text[], keys text[])
  ), paged as materialized (
    -- While a backlog is moved, a transaction may be in the log before the snapshot says so: the last of its events goes
    -- last. Many may be waiting then, so that all are looked for at once.
    select l.seq, l.event_id from {{log}} l where r.hi is not null and l.seq > r.seq - {{newest}} and l.seq <= r.seq
  ), found as (
    select a.*, coalesce(p.seq, m.seq) as last_seq,
      case
        when a.deployment is distinct from here then 'foreign'
        when a.xid >= pg_snapshot_xmax(now_visible) then 'ahead'
        when a.is_moved or p.seq is not null then 'logged'
        else 'waiting'
      end as state
    from asked_for a
    left join paged p on p.event_id = a.last
    left join lateral (
      -- From the end: mostly it has come just now.
      select l.seq
      from {{log}} l
      where a.is_moved and p.seq is null and l.seq > r.seq - {{newest}} and l.seq <= r.seq and l.event_id = a.last
      order by l.seq desc
      limit 1
    ) m on true
  ), bounded as (
    -- What is among the newest no more has no bound but their beginning: to look for it would cost more than it helps.
    select f.*, case when f.last is null then r.seq else f.last_seq end as bound
    from found f
  )
  select b.ask, b.state, greatest(0, coalesce(b.bound, r.seq) - {{newest}}), p.parts, p.seqs
  from bounded b cross join lateral (
    select array_agg(m.part) as parts, array_agg(m.seq) as seqs
    from (
      -- Of one key the first that is met, from the end: most transactions have but one.
      (
        select l.part, l.seq
        from {{log}} l
        where b.state = 'logged' and cardinality(b.keys) = 1
          and l.seq <= b.bound and l.seq > b.bound - {{newest}}
          and l.type = any (b.events) and {{fingerprint}} = b.keys[1]
        order by l.seq desc
        limit 1
      )
      union all
      select l.part, max(l.seq)
      from {{log}} l
      where b.state = 'logged' and cardinality(b.keys) is distinct from 1
        and l.seq <= b.bound and l.seq > b.bound - {{newest}}
        and l.type = any (b.events) and (b.keys is null or {{fingerprint}} = any (b.keys))
      group by l.part
    ) m
  ) p;
end
$body$;

revoke all on function {{locate}}(json) from public;
grant execute on function polder.deployment() to {{app}};
