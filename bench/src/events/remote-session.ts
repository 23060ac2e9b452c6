import { startWorker, type Worker } from "../worker.ts";
import type { ServerAddress } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";
import type { Session } from "./session.ts";

/** What a contender's process is started with. */
export interface Opening {
  readonly contender: ContenderName;
  readonly server: ServerAddress;
}

/** A session in a process of its own. */
export interface RemoteSession extends Session {
  readonly pid: number;
}

/**
 * A session in a process of its own, so that no system shares a heap, a compiler's guesses or a global setting with
 * another one. `close` ends the process.
 */
export async function openRemoteSession(
  opening: Opening,
  options: { readonly profile?: string } = {},
): Promise<RemoteSession> {
  const program = new URL("./contender-process.ts", import.meta.url);
  const worker: Worker<Session> = await startWorker({ program, opening, name: opening.contender, ...options });
  return {
    pid: worker.pid,
    publish: (given) => worker.ask("publish", given),
    startDelivery: (given) => worker.ask("startDelivery", given),
    stopDelivery: () => worker.ask("stopDelivery"),
    deliver: (given) => worker.ask("deliver", given),
    drain: (given) => worker.ask("drain", given),
    latencies: (given) => worker.ask("latencies", given),
    quiet: (given) => worker.ask("quiet", given),
    fill: (given) => worker.ask("fill", given),
    close: async () => await worker[Symbol.asyncDispose](),
  };
}
