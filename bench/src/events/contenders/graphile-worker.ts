import { type AddJobsJobSpec, Logger, makeWorkerUtils, type Runner, run } from "graphile-worker";
import pg from "pg";
import type { OpenContender } from "../contender.ts";
import { openPeer, sinkInsertOne } from "../peer.ts";
import { tablesOf } from "../tables.ts";
import { KEYS, type Payload, payloadOf } from "../workload.ts";

const tables = tablesOf["graphile-worker"];

const addJob = { name: "add-job", text: "select from graphile_worker.add_job('change', $1::json)" };

/** Jobs of a backlog that are added at once. */
const FILL_JOBS = 5_000;

/**
 * graphile-worker with the settings of its performance page (https://worker.graphile.org/docs/performance): 24 jobs at
 * once, a local queue of 500, completions in batches without delay. Jobs are added by SQL in the publisher's transaction.
 */
export const openGraphileWorker: OpenContender = async (server) => {
  const peer = await openPeer(server, tables);
  const workerPool = new pg.Pool({ ...server, max: 25 });
  workerPool.on("error", (error) => console.error(error));
  workerPool.on("connect", (client) => client.on("error", (error) => console.error(error)));
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ pgPool: workerPool, logger });
  await utils.migrate();
  const sinkOne = sinkInsertOne(tables);
  let runner: Runner | undefined;
  return {
    publishOne: (key, committing) =>
      peer.change(key, async (client, payload) => {
        await client.query({ ...addJob, values: [JSON.stringify(payload)] });
        committing(payload.version);
      }),
    startDelivery: async ({ handled }) => {
      runner = await run({
        preset: {
          worker: {
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        pgPool: workerPool,
        logger,
        noHandleSignals: true,
        parsedCronItems: [],
        taskList: {
          change: async (payload) => {
            const { orderId, version } = payload as Payload;
            handled(0, orderId, version);
            await peer.pool.query({ ...sinkOne, values: [orderId, version] });
          },
        },
      });
    },
    stopDelivery: async () => {
      await runner?.stop();
      runner = undefined;
    },
    fill: async ({ prefix, events }) => {
      for (let from = 0; from < events; from += FILL_JOBS) {
        const jobs = Array.from({ length: Math.min(FILL_JOBS, events - from) }, (_, index): AddJobsJobSpec => {
          const number = from + index;
          const payload = payloadOf(`${prefix}${number % KEYS}`, Math.floor(number / KEYS) + 1);
          return { identifier: "change", payload };
        });
        await utils.addJobs(jobs);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await runner?.stop();
      await utils.release();
      await workerPool.end();
      await peer.close();
    },
  };
};
