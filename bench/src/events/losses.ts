import type pg from "pg";
import type { Losses } from "../benchmark.ts";
import type { Tables } from "./tables.ts";
import { KEYS, qualified } from "./workload.ts";

/** A backlog that was put in place: events with keys that begin with the prefix, evenly over all keys. */
export interface Backlog {
  readonly prefix: string;
  readonly events: number;
}

/**
 * Compares what was published with what the handler wrote. The versions of a key are without gaps, so every one must
 * be in the sink, once, and after the one before it.
 */
export async function countLosses(client: pg.Client, tables: Tables, backlogs: readonly Backlog[]): Promise<Losses> {
  const sqlAggregates = qualified(tables.aggregates);
  const sqlSink = qualified(tables.sink);
  const { rows } = await client.query<Losses>(
    `with expected as (
  select id as key, version::bigint as versions from ${sqlAggregates}
  union all
  select prefix || number, (events - number + $3 - 1) / $3
  from unnest($1::text[], $2::bigint[]) as backlog (prefix, events), generate_series(0, $3 - 1) as number
), came as (
  select key, version, row_number() over (partition by key, version order by id) as time,
    max(version) over (partition by key order by id rows between unbounded preceding and 1 preceding) as newest
  from ${sqlSink}
)
select (select sum(versions) from expected)::float as published,
  ((select sum(versions) from expected) - count(*) filter (where time = 1))::float as lost,
  (count(*) filter (where time > 1))::float as doubled,
  (count(*) filter (where time = 1 and version < newest))::float as misordered
from came`,
    [backlogs.map(({ prefix }) => prefix), backlogs.map(({ events }) => events), KEYS],
  );
  const [found] = rows;
  if (found === undefined) throw new Error("A query without grouping answers with one row");
  return found;
}
