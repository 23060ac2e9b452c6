import { setTimeout as wait } from "node:timers/promises";
import type { Handler, Implementation } from "@polder/model";
import { startHost } from "@polder/runtime";
import { cpuMs } from "../calls/own-cost.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { addressIn } from "./set-up.ts";
import { sources } from "./sources.ts";

/** What it can be asked. */
export type SourcesMethods = typeof methods;

// The domains that own the data, in a process of their own. Nobody is asked who calls: that would cost all ways the same.

/** Milliseconds that every answer takes longer, without work: as if it came from afar, or from much data. */
let laterMs = 0;

function answeringLater(implementation: Implementation): Implementation {
  const mapped = <From, To>(record: Readonly<Record<string, From>>, map: (one: From) => To) =>
    Object.fromEntries(Object.entries(record).map(([name, one]): [string, To] => [name, map(one)]));
  const later = (handler: Handler): Handler => ({
    ...handler,
    run: async (context) => {
      const answer = await handler.run(context);
      if (laterMs > 0) await wait(laterMs);
      return answer;
    },
  });
  return { ...implementation, apis: mapped(implementation.apis, (handlers) => mapped(handlers, later)) };
}

const address = addressIn(openedWith<ServerAddress>());
const host = await startHost({ implementations: sources.map(answeringLater), address });
const methods = {
  url: (): string => host.url,
  answerLater: (ms: number): void => {
    laterMs = ms;
  },
  cpuMs,
};
answerParent(methods, () => host.stop());
