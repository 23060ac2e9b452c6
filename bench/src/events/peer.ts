import pg from "pg";
import type { ServerAddress } from "./contender.ts";
import type { Tables } from "./tables.ts";
import { type Payload, PUBLISHERS, payloadOf, qualified, tablesSql } from "./workload.ts";

/** The part that all job queues share: the same transaction around what they do. */
export interface Peer {
  /** Connections of publishers and handlers: `pg` with prepared statements. */
  readonly pool: pg.Pool;
  /** Changes an aggregate in a transaction; `publish` does the rest of it, before the commit. */
  readonly change: (key: string, publish: (client: pg.PoolClient, payload: Payload) => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes the tables of a peer. */
export async function openPeer(server: ServerAddress, tables: Tables): Promise<Peer> {
  const pool = new pg.Pool({ ...server, max: 2 * PUBLISHERS });
  const [schema = ""] = tables.aggregates.split(".");
  const sqlSchema = qualified(schema);
  await pool.query(`create schema ${sqlSchema}`);
  for (const statement of tablesSql(tables)) await pool.query(statement);
  const sqlAggregates = qualified(tables.aggregates);
  const update = {
    name: "update",
    text: `update ${sqlAggregates} set version = version + 1, changed_at = now() where id = $1 returning version`,
  };
  return {
    pool,
    change: async (key, publish) => {
      const client = await pool.connect();
      try {
        await client.query("begin");
        const { rows } = await client.query<{ version: number }>({ ...update, values: [key] });
        await publish(client, payloadOf(key, rows[0]?.version ?? 0));
        await client.query("commit");
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

/** What a handler writes for one event: values are key and version. */
export function sinkInsertOne(tables: Tables): { readonly name: string; readonly text: string } {
  const sqlSink = qualified(tables.sink);
  return { name: "sink-one", text: `insert into ${sqlSink} (key, version) values ($1, $2)` };
}

/** What a handler writes for many events: values are keys and versions. */
export function sinkInsertMany(tables: Tables): { readonly name: string; readonly text: string } {
  const sqlSink = qualified(tables.sink);
  return {
    name: "sink-many",
    text: `insert into ${sqlSink} (key, version) select key, version from unnest($1::text[], $2::integer[]) as event (key, version)`,
  };
}
