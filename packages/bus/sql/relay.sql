-- Moves committed events from the outbox into the log. Called by the domain's processes, any number at a time.
--
-- The unit is a window: all rows that are visible now and were not in the last window's snapshot.
-- Nothing is skipped by a transaction that commits late, since its id is then "not visible before";
-- and nobody waits for a transaction that stays open. Within a window rows go by id, which
-- was drawn under the lock of their key: so the order of a key is the order of its commits.
--
-- moved: how many events went over; -1 when another process is at it.
-- more: there is more to move at once.
-- head: the newest position of the log.
create or replace function {{relay}}(max_events integer, out moved integer, out more boolean, out head bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Pin the plan: without statistics the planner may read the whole outbox instead of the index on xid.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  r polder.relay%rowtype;
begin
  -- No lock of the row: it would be written, and an idle step would have to wait for the disk.
  if not pg_try_advisory_xact_lock({{relay_lock}}) then
    moved := -1; more := true; head := null;
    return;
  end if;
  select * into r from polder.relay where domain = {{domain}} order by step desc limit 1;

  if r.hi is null then
    -- The window up to now. Its snapshot is this very statement's, so what it sees is what is read.
    with now_visible as materialized (
      select pg_current_snapshot() as snapshot
    ), fresh as materialized (
      select o.*, row_number() over (order by o.id) as position
      from (
        select o.* from (
          select o.id, o.event_id, o.key, o.type, o.version, o.data, o.headers, o.at
          from {{outbox}} o
          where o.xid >= pg_snapshot_xmax(r.lo)
          union all
          select o.id, o.event_id, o.key, o.type, o.version, o.data, o.headers, o.at
          from {{outbox}} o
          where o.xid = any (array(select pg_snapshot_xip(r.lo)))
        ) o
        order by o.id
        limit max_events + 1
      ) o
    ), logged as (
      insert into {{log}} (seq, outbox_id, part, event_id, key, type, version, data, headers, at)
      select r.seq + position, id, {{part}}, event_id, key, type, version, data, headers, at
      from fresh
      where position <= max_events
    ), total as (
      select least(count(*), max_events)::integer as moved, max(id) filter (where position <= max_events) as last_id,
        count(*) > max_events as more
      from fresh
    )
    update polder.relay
    set step = r.step + 1,
        seq = r.seq + total.moved,
        lo = case when total.more then r.lo else now_visible.snapshot end,
        -- Too much for one page: freeze the window, and go on by id within it.
        hi = case when total.more then now_visible.snapshot end,
        last_id = case when total.more then total.last_id end,
        hi_id = case when total.more then pg_sequence_last_value({{outbox_sequence}}) end
    from total, now_visible
    -- An empty window stays open: the next one begins where this one did, and nothing is written.
    where domain = {{domain}} and step = r.step and total.moved > 0
    returning total.moved, total.more, relay.seq into moved, more, head;
    if not found then
      moved := 0; more := false; head := r.seq;
    end if;
  else
    with page as materialized (
      select o.*, row_number() over (order by o.id) as position
      from (
        select o.id, o.event_id, o.key, o.type, o.version, o.data, o.headers, o.at
        from {{outbox}} o
        where o.id > r.last_id and o.id <= r.hi_id
          and (o.xid >= pg_snapshot_xmax(r.lo) or o.xid = any (array(select pg_snapshot_xip(r.lo))))
          and pg_visible_in_snapshot(o.xid, r.hi)
        order by o.id
        limit max_events
      ) o
    ), logged as (
      insert into {{log}} (seq, outbox_id, part, event_id, key, type, version, data, headers, at)
      select r.seq + position, id, {{part}}, event_id, key, type, version, data, headers, at
      from page
    ), total as (
      select count(*)::integer as moved, max(id) as last_id from page
    )
    update polder.relay
    set step = r.step + 1,
        seq = r.seq + total.moved,
        last_id = case when total.moved = max_events then total.last_id end,
        lo = case when total.moved = max_events then r.lo else r.hi end,
        hi = case when total.moved = max_events then r.hi end,
        hi_id = case when total.moved = max_events then r.hi_id end
    from total
    where domain = {{domain}} and step = r.step
    -- What committed since the window was frozen comes with the next one.
    returning total.moved, true, relay.seq into moved, more, head;
  end if;

  -- One notification for all: this is no business transaction, so the lock that it takes at commit hurts nobody.
  if moved > 0 then
    perform pg_notify({{channel}}, head::text);
  end if;
end
$body$;

-- Partitions ahead of what is written, and away with those that nobody needs. Called now and then.
create or replace function {{maintain}}(rows_per_partition bigint, keep interval, out dropped integer)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  r polder.relay%rowtype;
  last_id bigint;
  needed_above bigint;
  candidate record;
  is_free boolean;
begin
  dropped := 0;
  if not pg_try_advisory_xact_lock({{relay_lock}}) then return; end if;
  select * into r from polder.relay where domain = {{domain}} order by step desc limit 1;

  last_id := coalesce(pg_sequence_last_value(pg_get_serial_sequence({{outbox_literal}}, 'id')), 0);
  while r.outbox_until <= last_id + 2 * rows_per_partition loop
    execute format('create table {{schema}}.%I partition of {{outbox}} for values from (%s) to (%s)',
      '_outbox_' || r.outbox_until, r.outbox_until, r.outbox_until + rows_per_partition);
    r.outbox_until := r.outbox_until + rows_per_partition;
  end loop;
  while r.log_until <= r.seq + 2 * rows_per_partition loop
    execute format('create table polder.%I partition of {{log}} for values from (%s) to (%s)',
      {{log_name}} || '_' || r.log_until, r.log_until, r.log_until + rows_per_partition);
    r.log_until := r.log_until + rows_per_partition;
  end loop;
  update polder.relay set outbox_until = r.outbox_until, log_until = r.log_until where domain = {{domain}};

  needed_above := least(r.seq, (select min(s.seq) from polder.subscriber s where s.publisher = {{domain}}));
  -- Dropping locks the whole table for a moment: give way at once when somebody is busy there, and come again.
  perform set_config('lock_timeout', '100ms', true);
  for candidate in
    select c.oid, c.relname, n.nspname, i.inhparent = {{outbox_literal}}::regclass as is_outbox,
      (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''?(\d+)''?\)'))[1]::bigint as ends_before
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
    where i.inhparent in ({{outbox_literal}}::regclass, {{log_literal}}::regclass)
    order by c.oid
    limit 100
  loop
    begin
      if candidate.is_outbox then
        -- No further id falls into it, and nothing in it has yet to be moved.
        continue when candidate.ends_before > last_id;
        execute format('lock table %I.%I in access exclusive mode', candidate.nspname, candidate.relname);
        execute format('select not exists (select from %I.%I where not pg_visible_in_snapshot(xid, $1))', candidate.nspname, candidate.relname)
          into is_free using r.lo;
      else
        continue when candidate.ends_before > needed_above + 1;
        execute format('select not exists (select from %I.%I where seq > $1 or relayed_at > now() - $2)', candidate.nspname, candidate.relname)
          into is_free using needed_above, keep;
      end if;
      if is_free then
        execute format('drop table %I.%I', candidate.nspname, candidate.relname);
        dropped := dropped + 1;
      end if;
    exception when lock_not_available then
      exit;
    end;
  end loop;
end
$body$;

-- After a restore into another cluster its transaction ids begin anew, and the snapshots mean nothing.
-- What the outbox holds and the log does not is moved; then both start afresh. Gives the number of events moved.
create or replace function {{adopt}}() returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  r polder.relay%rowtype;
  found_events integer;
begin
  perform pg_advisory_xact_lock({{relay_lock}});
  select * into r from polder.relay where domain = {{domain}} order by step desc limit 1;
  if r.system_identifier = polder.system_identifier() then return 0; end if;
  lock table {{outbox}} in access exclusive mode;
  with missing as (
    select o.*, row_number() over (order by o.id) as position
    from {{outbox}} o
    where not exists (select from {{log}} l where l.event_id = o.event_id)
  ), logged as (
    insert into {{log}} (seq, outbox_id, part, event_id, key, type, version, data, headers, at)
    select r.seq + position, id, {{part}}, event_id, key, type, version, data, headers, at
    from missing
    returning 1
  )
  select count(*) into found_events from logged;
  delete from {{outbox}};
  update polder.relay
  set seq = r.seq + found_events, lo = pg_current_snapshot(), hi = null, last_id = null, hi_id = null,
      system_identifier = polder.system_identifier()
  where domain = {{domain}};
  return found_events;
end
$body$;

-- How far the log goes: newest position, oldest position still kept, events that wait in the outbox.
create or replace function {{log_state}}(out head bigint, out oldest bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
  select r.seq, coalesce((select l.seq from {{log}} l order by l.seq limit 1), r.seq + 1)
  from polder.relay r
  where r.domain = {{domain}}
  order by r.step desc
  limit 1
$body$;

revoke all on function {{relay}}(integer), {{maintain}}(bigint, interval), {{adopt}}(), {{log_state}}() from public;
grant execute on function {{relay}}(integer), {{maintain}}(bigint, interval), {{adopt}}(), {{log_state}}() to {{app}};
