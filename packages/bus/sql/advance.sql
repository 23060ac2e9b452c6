-- Moves a checkpoint, in the transaction of what was handled. It fails when the range has another owner by
-- now, or other bounds, so that it can be sent together with the commit.
create or replace function {{advance}}(of_subscription text, at_publisher text, range_lo integer, range_hi integer, of_epoch bigint, reached bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  update {{checkpoint}}
  set seq = reached
  where subscription = of_subscription and publisher = at_publisher and part_lo = range_lo and part_hi = range_hi and epoch = of_epoch;
  if not found then
    raise exception 'the lease of % on % (%..%) has another owner', of_subscription, at_publisher, range_lo, range_hi using errcode = 'PL001';
  end if;
end
$body$;
revoke all on function {{advance}}(text, text, integer, integer, bigint, bigint) from public;
grant execute on function {{advance}}(text, text, integer, integer, bigint, bigint) to {{app}};
