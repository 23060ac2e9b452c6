import { startHost } from "@polder/runtime";
import { cpuMs } from "../calls/own-cost.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { sources } from "./history.ts";
import { addressIn } from "./set-up.ts";

/** What it can be asked. */
export type SourcesMethods = typeof methods;

// The domains that own the data, in a process of their own. Nobody is asked who calls: that would cost all ways the same.
const host = await startHost({ implementations: sources, address: addressIn(openedWith<ServerAddress>()) });
const methods = { url: (): string => host.url, cpuMs };
answerParent(methods, () => host.stop());
