import pg from "pg";
import type { ServerAddress } from "../events/contender.ts";
import { tablesSql } from "../events/workload.ts";
import { AT_ONCE, type ChangeInput, type ChangeOutput } from "./order.ts";

/** The command's work by hand. Disposing it closes its connections. */
export interface ChangeByHand extends AsyncDisposable {
  readonly change: (input: ChangeInput) => Promise<ChangeOutput>;
}

const tables = { aggregates: "bench.aggregate", sink: "bench.sink" };

const update = {
  name: "update",
  text: "update bench.aggregate set version = version + 1, changed_at = now() where id = $1 returning version",
};

/** Makes the tables that all contenders but Polder share. */
export async function makeTables(server: ServerAddress): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    for (const statement of ["create schema bench", ...tablesSql(tables)]) await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * The transaction as a careful developer writes it with `pg`: begin, a prepared update, commit, one after the other.
 * With `pipeline`, begin and update go out together, as Polder sends them.
 */
export function changeByHand(server: ServerAddress, { pipeline = false } = {}): ChangeByHand {
  const pool = new pg.Pool({ ...server, max: AT_ONCE, pipeline, idleTimeoutMillis: 0 } as pg.PoolConfig);
  return {
    change: async ({ orderId }) => {
      const client = await pool.connect();
      try {
        const begun = client.query("begin");
        if (!pipeline) await begun;
        const [{ rows }] = await Promise.all([
          client.query<{ version: number }>({ ...update, values: [orderId] }),
          begun,
        ]);
        await client.query("commit");
        client.release();
        return { orderId, version: rows[0]?.version ?? 0 };
      } catch (error) {
        await client.query("rollback").catch(() => undefined);
        client.release(error as Error);
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
