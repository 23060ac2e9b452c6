import type { QueryResult } from "@polder/model";
import { identifier } from "../sql-name.ts";
import type { Statement } from "../statement.ts";

/** An event on its way into the outbox. */
export interface OutboxEvent {
  /** UUID of the event, the same wherever it goes. */
  readonly id: string;
  readonly key: string;
  /** Name of the event, such as `order.OrderPlaced`. */
  readonly type: string;
  readonly version: string;
  /** The payload as JSON text. */
  readonly data: string;
  /** Trace context and the like as JSON text. */
  readonly headers: string | null;
}

/**
 * The statement that writes the events of a transaction into a domain's outbox; {@link publishedXid} reads its result.
 *
 * Order per key needs that whoever draws the smaller identity value for a key commits first. So the
 * keys are locked before the first value is drawn, and until the end of the transaction; sorted, so that
 * two transactions with several keys cannot wait for each other.
 */
export function outboxInsert(schema: string, events: readonly OutboxEvent[]): Statement {
  const [only] = events;
  if (only !== undefined && events.length === 1) {
    return {
      text: texts(schema).one,
      values: [only.id, only.key, only.type, only.version, only.data, only.headers, schema],
    };
  }
  const column = (field: keyof OutboxEvent): readonly (string | null)[] => events.map((event) => event[field]);
  return {
    text: texts(schema).many,
    values: [column("id"), column("key"), column("type"), column("version"), column("data"), column("headers"), schema],
  };
}

/** The id of the transaction that published, from the result of its {@link outboxInsert}; a number as text. */
export function publishedXid(inserted: QueryResult<unknown> | undefined): string {
  const row = inserted?.rows[0] as { readonly xid: string } | undefined;
  if (row === undefined) throw new Error("nothing was written into the outbox");
  return row.xid;
}

const known = new Map<string, { readonly one: string; readonly many: string }>();

function texts(schema: string): { readonly one: string; readonly many: string } {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const sqlOutbox = identifier(schema, "_outbox");
  // The transaction's id is given by the function: the column is not for the application to read.
  const made = {
    // A filter with a volatile function runs before the row is projected, hence before the identity value is drawn.
    one: `insert into ${sqlOutbox} (event_id, key, type, version, data, headers)
select $1::uuid, $2::text, $3::text, $4::text, $5::json, $6::json
where pg_advisory_xact_lock(hashtextextended($7::text || '/' || $2::text, 0)) is not null
returning pg_current_xact_id() as xid`,
    // The comparison with a sub-query runs once, before the first row.
    many: `with locked as materialized (
  select pg_advisory_xact_lock(lock_key)
  from (select distinct hashtextextended($7::text || '/' || key, 0) as lock_key from unnest($2::text[]) as key order by 1) as keys
), written as (
  insert into ${sqlOutbox} (event_id, key, type, version, data, headers)
  select event_id, key, type, version, data, headers
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::json[], $6::json[]) with ordinality
    as event (event_id, key, type, version, data, headers, position)
  where (select count(*) from locked) > 0
  order by position
)
select pg_current_xact_id() as xid`,
  };
  known.set(schema, made);
  return made;
}
