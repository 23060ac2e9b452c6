// A process of the fault tests: relays sales and keeps Ledger's copy of them, until it is killed or told to settle. argv:
// the database's addresses as JSON, the crash as `point:nth` or "-".
import { randomUUID } from "node:crypto";
import { type CrashPoint, growthSignal, postgresSource, runStream, startPresence, startRelay } from "@polder/bus";
import { type DatabaseAddress, homeOf, openDatabase } from "@polder/postgres";
import { openWorker } from "@polder/postgres/testing";
import { entriesSubscription, writeEntries } from "./market.ts";

openWorker();
const addresses = JSON.parse(process.argv[2] ?? "") as Readonly<Record<"sales" | "ledger", DatabaseAddress>>;
const [crashAt, nth] = (process.argv[3] ?? "-").split(/:(?=\d+$)/);
let hits = 0;
const crashPoint: CrashPoint = (name) => {
  if (name !== crashAt) return;
  hits += 1;
  if (hits === Number(nth)) process.kill(process.pid, "SIGKILL");
};

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
    committed: () => void process.send?.("handled", () => undefined),
  }),
  pollMs: 20,
  crashPoint,
});

// Without the test there is nobody to work for.
process.on("disconnect", () => process.exit());
process.on("message", (message) => {
  if (message !== "settle") return;
  void (async () => {
    await stream.stop();
    await relay.stop();
    await presence.stop();
    await Promise.all([sales, ledger].map((one) => one.close()));
    process.disconnect();
  })();
});
process.send?.("ready");
