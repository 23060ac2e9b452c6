import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Contender, OpenContender, ServerAddress } from "../contender.ts";
import { tablesOf } from "../tables.ts";
import { PUBLISHERS, payloadOf, tablesSql } from "../workload.ts";

const setUp = [
  "create schema bench",
  ...tablesSql(tablesOf.limit),
  `create table bench.outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null,
  key text not null,
  type text not null,
  version text not null,
  data json not null,
  at timestamptz not null default clock_timestamp()
)`,
];

const update = {
  name: "update",
  text: "update bench.aggregate set version = version + 1, changed_at = now() where id = $1 returning version",
};
const insert = {
  name: "insert",
  text: "insert into bench.outbox (event_id, key, type, version, data) values ($1, $2, 'ordering.OrderChanged', '1.0.0', $3)",
};

/**
 * The limit: the same transaction written by hand with `pg` and prepared statements, one statement after the other, and
 * nobody who consumes it. It is what a careful developer writes without a library, and does less than any of them.
 */
export const openLimit: OpenContender = async (server) => open(server, { setUp: true, pipeline: false });

/** The same by hand with statements sent ahead of the answers, as Polder sends them: what a virtuoso would write. */
export const openPipelinedLimit: OpenContender = async (server) => open(server, { setUp: false, pipeline: true });

async function open(
  server: ServerAddress,
  options: { readonly setUp: boolean; readonly pipeline: boolean },
): Promise<Contender> {
  const { pipeline } = options;
  const pool = new pg.Pool({ ...server, max: PUBLISHERS, pipeline } as pg.PoolConfig);
  if (options.setUp) for (const statement of setUp) await pool.query(statement);
  const nothing = async (): Promise<void> => undefined;
  return {
    publishOne: async (key, committing) => {
      const client = await pool.connect();
      try {
        const begun = client.query("begin");
        if (!pipeline) await begun;
        const { rows } = await client.query<{ version: number }>({ ...update, values: [key] });
        const version = rows[0]?.version ?? 0;
        const values = [randomUUID(), key, JSON.stringify(payloadOf(key, version))];
        committing(version);
        const inserted = client.query({ ...insert, values });
        if (!pipeline) await inserted;
        await client.query("commit");
        await Promise.all([begun, inserted]);
      } finally {
        client.release();
      }
    },
    startDelivery: nothing,
    stopDelivery: nothing,
    fill: nothing,
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
