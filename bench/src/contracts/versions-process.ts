import { cpuMs } from "../calls/own-cost.ts";
import { everything, startBenchHost } from "../calls/polder-host.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { versionedImplementation } from "./versioned-orders.ts";

/** What it can be asked. */
export type VersionsMethods = typeof methods;

// A host that serves two versions of one API. Nobody is asked who calls: that would cost both versions the same.
const running = await startBenchHost(openedWith<ServerAddress>(), [versionedImplementation], {
  parts: { ...everything, identifies: false },
});
const methods = { url: (): string => running.host.url, cpuMs };
answerParent(methods, async () => await running[Symbol.asyncDispose]());
