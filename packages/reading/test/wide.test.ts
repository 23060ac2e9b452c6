import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

/** What the heap of the process may be at most, in MiB; its code takes about 25 of it. */
const HEAP_MIB_MAX = 64;

test("10,000 keys for three joins take bounded memory, as few calls as there can be, and eight at once", async () => {
  const worker = new Worker(new URL("wide-worker.ts", import.meta.url), {
    execArgv: ["--conditions=source"],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX, maxYoungGenerationSizeMb: 16 },
  });
  const [told] = await once(worker, "message");
  // 100 keys in a call, three joins, five times.
  expect(told).toEqual({ rows: 10_000, calls: 1_500, most: 8 });
});
