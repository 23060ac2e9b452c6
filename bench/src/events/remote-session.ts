import { startRemote } from "../remote-process.ts";
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
export async function openRemoteSession(opening: Opening): Promise<RemoteSession> {
  const url = new URL("./contender-process.ts", import.meta.url);
  const remote = await startRemote<Session>({ name: opening.contender, url, opening });
  return {
    pid: remote.pid,
    publish: (given) => remote.ask("publish", given),
    startDelivery: (given) => remote.ask("startDelivery", given),
    stopDelivery: () => remote.ask("stopDelivery"),
    deliver: (given) => remote.ask("deliver", given),
    drain: (given) => remote.ask("drain", given),
    latencies: (given) => remote.ask("latencies", given),
    quiet: (given) => remote.ask("quiet", given),
    fill: (given) => remote.ask("fill", given),
    close: async () => await remote[Symbol.asyncDispose](),
  };
}
