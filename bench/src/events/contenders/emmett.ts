import { type Event, isExpectedVersionConflictError } from "@event-driven-io/emmett";
import { getPostgreSQLEventStore, type PostgreSQLEventStoreConsumer } from "@event-driven-io/emmett-postgresql";
import pg from "pg";
import type { OpenContender, ServerAddress } from "../contender.ts";
import { sinkInsertOne } from "../peer.ts";
import { tablesOf } from "../tables.ts";
import { KEYS, type Payload, PUBLISHERS, payloadOf, qualified, tablesSql } from "../workload.ts";

const tables = tablesOf.emmett;

/** Attempts at one append. */
const ATTEMPTS_MAX = 10;

type Changed = Event<"OrderChanged", { readonly [Field in keyof Payload]: Payload[Field] }>;

/**
 * emmett: the stream is the aggregate, so appending an event is also its update, and saves a statement. Consumed by a
 * reactor in batches of 1,000, polled every 10 ms while they are full. Versions come from positions in the stream.
 */
export const openEmmett: OpenContender = async (server) => {
  const pool = new pg.Pool({ ...server, max: PUBLISHERS + 2 });
  const connectionString = urlOf(server);
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pooled: true, pool } });
  await setUp(pool, store);
  const sinkOne = sinkInsertOne(tables);
  let consumer: PostgreSQLEventStoreConsumer | undefined;
  let running: Promise<void> | undefined;
  const versions = new Map<string, number>();
  const append = async (key: string, events: Changed[]): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { nextExpectedStreamVersion } = await store.appendToStream(key, events);
        versions.set(key, Math.max(versions.get(key) ?? 0, Number(nextExpectedStreamVersion)));
        return;
      } catch (error) {
        // Two appends to one stream at the same moment: one is refused and is to be repeated, as its command handler does.
        if (!isExpectedVersionConflictError(error) || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  };
  return {
    publishOne: async (key, committing) => {
      committing((versions.get(key) ?? 0) + 1);
      await append(key, [{ type: "OrderChanged", data: payloadOf(key, 0) }]);
    },
    startDelivery: async ({ handled }) => {
      consumer = store.consumer({ pulling: { batchSize: 1_000, pullingFrequencyInMs: 10 } });
      consumer.reactor<Changed>({
        processorId: "write",
        eachMessage: async ({ metadata }) => {
          const key = metadata.streamName;
          const version = Number(metadata.streamPosition);
          handled(0, key, version);
          await pool.query({ ...sinkOne, values: [key, version] });
        },
      });
      running = consumer.start();
    },
    stopDelivery: async () => {
      await consumer?.stop();
      await running;
      consumer = undefined;
    },
    fill: async ({ prefix, events }) => {
      for (let key = 0; key < KEYS; key += 1) {
        const event: Changed = { type: "OrderChanged", data: payloadOf(`${prefix}${key}`, 0) };
        await append(
          `${prefix}${key}`,
          Array.from({ length: Math.ceil((events - key) / KEYS) }, () => event),
        );
      }
    },
    [Symbol.asyncDispose]: async () => {
      await consumer?.close();
      await store.close();
      await pool.end().catch(() => undefined);
    },
  };
};

async function setUp(pool: pg.Pool, store: ReturnType<typeof getPostgreSQLEventStore>): Promise<void> {
  await store.schema.migrate();
  await pool.query("create schema bench");
  for (const statement of tablesSql(tables)) await pool.query(statement);
  const sqlAggregates = qualified(tables.aggregates);
  await pool.query(`drop table ${sqlAggregates}`);
  await pool.query(
    `create view ${sqlAggregates} as select stream_id as id, stream_position as version from emt_streams where stream_id like 'k%'`,
  );
}

function urlOf({ host, port, user, password, database }: ServerAddress): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}
