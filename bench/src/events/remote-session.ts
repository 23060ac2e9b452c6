import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServerAddress } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";
import type { Session } from "./session.ts";

/** What a contender's process is started with. */
export interface Opening {
  readonly contender: ContenderName;
  readonly server: ServerAddress;
}

/** What a contender's process is asked. */
export interface Asked {
  readonly method: keyof Session;
  readonly options: unknown;
}

/** A session in a process of its own. */
export interface RemoteSession extends Session {
  readonly pid: number;
}

type Answered = { readonly answer: unknown } | { readonly failed: string };

/** One thing that is asked of a contender takes no longer, in milliseconds. */
const ANSWER_MAX_MS = 300_000;

/**
 * A session in a process of its own, so that no system shares a heap, a compiler's guesses or a global setting with
 * another one. `close` ends the process.
 */
export async function openRemoteSession(
  opening: Opening,
  options: { readonly profile?: string } = {},
): Promise<RemoteSession> {
  const profiling = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const path = fileURLToPath(new URL("./contender-process.ts", import.meta.url));
  const child = fork(path, [JSON.stringify(opening)], {
    execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning", ...profiling],
    serialization: "advanced",
  });
  let asked = 0;
  const answer = async (): Promise<unknown> => {
    asked += 1;
    try {
      return await answerOf(child, opening);
    } finally {
      asked -= 1;
    }
  };
  await answer();
  const isBusy = (): boolean => asked > 0;
  const ask =
    (method: keyof Session) =>
    async (given?: unknown): Promise<never> => {
      child.send({ method, options: given } satisfies Asked);
      return (await answer()) as never;
    };
  return {
    pid: child.pid ?? 0,
    publish: ask("publish"),
    startDelivery: ask("startDelivery"),
    stopDelivery: ask("stopDelivery"),
    deliver: ask("deliver"),
    drain: ask("drain"),
    latencies: ask("latencies"),
    quiet: ask("quiet"),
    fill: ask("fill"),
    close: async () => {
      const ended = exitOf(child);
      if (isBusy()) {
        // In the midst of something, as after an interruption, it is not asked to end well.
        child.kill("SIGKILL");
      } else {
        await ask("close")();
        child.disconnect();
      }
      await ended;
    },
  };
}

/** Resolves when a process has ended, also when that has happened already. */
async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function answerOf(child: ChildProcess, { contender }: Opening): Promise<unknown> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_MAX_MS)]);
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`The process of ${contender} ended with ${code}`);
      }),
    ])) as [Answered];
    if ("failed" in message) throw new Error(`${contender} failed: ${message.failed}`);
    return message.answer;
  } finally {
    ended.abort();
  }
}
