// A process of the fault tests: relays sales and keeps Ledger's copy of them, until it is killed or told to settle.
import { randomUUID } from "node:crypto";
import { growthSignal, postgresSource, runStream, startPresence, startRelay } from "@polder/bus";
import { type DatabaseAddress, homeOf, openDatabase } from "@polder/postgres";
import { openWorker } from "@polder/postgres/testing";
import { entriesSubscription, writeEntries } from "./market.ts";

const worker = openWorker<Readonly<Record<"sales" | "ledger", DatabaseAddress>>>();
const { argument: addresses, crashPoint } = worker;

const open = (name: "sales" | "ledger") =>
  // A process that stands still inside a transaction holds its locks; PostgreSQL ends it after this long.
  openDatabase({ ...addresses[name], schema: homeOf(name).schema, idleInTransactionTimeoutMs: 500 });
const [sales, ledger] = [open("sales"), open("ledger")];
const growth = growthSignal();
const relay = startRelay({ domain: "sales", database: sales, growth, pollMs: 20, stepEventsMax: 3, crashPoint });
const shared = { database: ledger, instance: randomUUID(), leaseMs: 600 };
const presence = await startPresence({ domain: "ledger", ...shared });
const stream = runStream({
  ...shared,
  subscription: entriesSubscription({ batchSizeMax: 5 }),
  source: postgresSource({ publisher: "sales", database: ledger, growth }),
  handle: async (...delivered) => ({
    ...(await writeEntries(...delivered)),
    committed: worker.done,
  }),
  pollMs: 20,
  crashPoint,
});

worker.ready(async () => {
  await stream.stop();
  await relay.stop();
  await presence.stop();
  await Promise.all([sales, ledger].map((one) => one.close()));
});
