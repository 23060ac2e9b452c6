import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { type ContenderName, contenders } from "./contenders.ts";
import { cpuMs } from "./own-cost.ts";

/** What a process that serves is started with. */
export interface Serving {
  readonly contender: ContenderName;
  readonly server: ServerAddress;
}

/** What it can be asked. */
export type ServingMethods = typeof methods;

// A process of one contender: it answers requests, and tells what that has cost it.
const { contender, server } = openedWith<Serving>();
const open = await contenders[contender].open();
const running = await open(server);
const methods = { url: (): string => running.url, cpuMs };
answerParent(methods, async () => await running[Symbol.asyncDispose]());
