import { startHost } from "@polder/runtime";
import { cpuMs } from "../calls/own-cost.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { historyDomain } from "./history.ts";
import { bareHistory } from "./order-history.ts";
import { addressIn } from "./set-up.ts";

/** What it can be asked. */
export type RebuildMethods = typeof methods;

// The domain of the read model alone, which builds it as soon as it is told to.
const server = openedWith<ServerAddress>();
const implementation = { ...historyDomain, readModels: [bareHistory] };
const host = await startHost({
  implementations: [implementation],
  address: addressIn(server),
  // Nobody is called.
  urls: Object.fromEntries(
    ["customers", "orders", "payments", "shipments"].map((name) => [name, "http://127.0.0.1:9"]),
  ),
});
let peak = 0;
const watching = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);
const methods = { cpuMs, peakMiB: (): number => peak / 2 ** 20 };
answerParent(methods, async () => {
  clearInterval(watching);
  await host.stop();
});
