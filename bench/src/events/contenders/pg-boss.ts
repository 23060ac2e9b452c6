import { type Job, PgBoss } from "pg-boss";
import type { OpenContender } from "../contender.ts";
import { openPeer, sinkInsertMany } from "../peer.ts";
import { tablesOf } from "../tables.ts";
import { KEYS, type Payload, payloadOf } from "../workload.ts";

const tables = tablesOf["pg-boss"];
const queue = "change";

/** Jobs of a backlog that are inserted at once. */
const FILL_JOBS = 5_000;

/**
 * pg-boss with batches of 500, fetched on without a pause while they are full, and woken by NOTIFY otherwise. Jobs are
 * sent in the publisher's transaction; a batch is written to the sink in one statement.
 */
export const openPgBoss: OpenContender = async (server) => {
  const peer = await openPeer(server, tables);
  const boss = new PgBoss({ ...server, max: 10, useListenNotify: true, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(queue, { notify: true });
  const sinkMany = sinkInsertMany(tables);
  return {
    publishOne: (key, committing) =>
      peer.change(key, async (client, payload) => {
        await boss.send(queue, payload, { db: { executeSql: (text, values) => client.query(text, values) } });
        committing(payload.version);
      }),
    startDelivery: async ({ handled }) => {
      const options = {
        batchSize: 500,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
      };
      await boss.work<Payload>(queue, options, async (jobs: Job<Payload>[]) => {
        for (const { data } of jobs) handled(0, data.orderId, data.version);
        const values = [jobs.map(({ data }) => data.orderId), jobs.map(({ data }) => data.version)];
        await peer.pool.query({ ...sinkMany, values });
      });
    },
    stopDelivery: () => boss.offWork(queue, { wait: true }),
    fill: async ({ prefix, events }) => {
      for (let from = 0; from < events; from += FILL_JOBS) {
        const jobs = Array.from({ length: Math.min(FILL_JOBS, events - from) }, (_, index) => {
          const number = from + index;
          return { data: payloadOf(`${prefix}${number % KEYS}`, Math.floor(number / KEYS) + 1) };
        });
        await boss.insert(queue, jobs);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await boss.stop({ graceful: true });
      await peer.close();
    },
  };
};
