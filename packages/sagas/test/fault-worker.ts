// A process of the fault tests: works on trips until it is killed or told to settle. Its seed is the world's mood.
import { randomUUID } from "node:crypto";
import { openDatabase } from "@polder/postgres";
import { openWorker, until } from "@polder/postgres/testing";
import { listSagas, runSagas, sagaStart } from "../src/index.ts";
import type { FaultAddresses } from "./faults.ts";
import { openWorld, seams, tripSaga } from "./travel.ts";

const worker = openWorker<FaultAddresses>();
const { argument: addresses, random, crashPoint } = worker;

const app = openDatabase({ ...addresses.app, schema: "travel", idleInTransactionTimeoutMs: 500 });
const admin = openDatabase(addresses.admin);
// Every tenth call fails, before it has done anything or after: then nobody knows.
const world = openWorld(admin, () => {
  if (random() < 0.1) throw new Error("the line is bad");
});
const instance = randomUUID();
await app.query("insert into _instance (id, host, pid) values ($1, 'test', $2)", [instance, process.pid]);
const sagas = [tripSaga(world, { backoffMs: 1, backoffMaxMs: 20, attemptsMax: 4, stepTimeoutMs: 5_000 })];
const running = runSagas({
  domain: "travel",
  sagas,
  database: app,
  instance,
  seams: () => seams,
  leaseMs: 600,
  pollMs: 50,
  crashPoint,
});

let isStarting = true;
const starting = (async () => {
  for (let trip = 0; isStarting; trip += 1) {
    await worker.turn();
    const input = { stops: trip % 4, fails: trip % 3 === 0 };
    const saga = { name: "trip", key: randomUUID(), input, headers: null };
    await app
      .begin()
      .commit([sagaStart("travel", saga)])
      .catch(() => undefined);
    running.wake();
    worker.done();
    await until(
      async () => (await listSagas(admin, "travel").catch(() => [])).length < 40,
      "there is room for one more",
    );
  }
})();
worker.ready(async () => {
  isStarting = false;
  await starting;
  await until(async () => (await listSagas(admin, "travel")).length === 0, "every trip has ended", 120_000);
  await running.stop();
  await Promise.all([app.close(), admin.close()]);
});
