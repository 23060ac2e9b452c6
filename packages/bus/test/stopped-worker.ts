// A process that stands before the commit of its first batch, tells the test so, and goes on when it is told to.
import { once } from "node:events";
import { homeOf, openDatabase } from "@polder/postgres";
import { growthSignal, postgresSource, runStream, startPresence } from "../src/index.ts";
import type { FaultAddresses } from "./faults.ts";
import { ledgerSubscription, writeEntries } from "./wholesale.ts";

const { ledger: address } = JSON.parse(process.argv[2] ?? "") as FaultAddresses;
const ledger = openDatabase({ ...address, schema: homeOf("ledger").schema });
const instance = "00000000-0000-4000-8000-000000000001";
const leaseMs = 500;
await startPresence({ domain: "ledger", database: ledger, instance, leaseMs });
let isFirst = true;
runStream({
  subscription: ledgerSubscription(),
  source: postgresSource({ publisher: "sales", database: ledger, growth: growthSignal() }),
  database: ledger,
  instance,
  handle: writeEntries,
  leaseMs,
  pollMs: 50,
  crashPoint: async (name) => {
    if (name !== "deliver:before-commit" || !isFirst) return;
    isFirst = false;
    process.send?.({ at: name });
    await once(process, "message");
  },
  logger: {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (_message, fields) => {
      const error = fields?.["error"];
      process.send?.({ refused: error instanceof Error && "code" in error ? error.code : String(error) });
    },
  },
});
process.on("disconnect", () => process.exit());
