import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that does what it is asked, one thing at a time. Disposing it ends it. */
export interface RemoteProcess<Methods extends RemoteMethods> extends AsyncDisposable {
  readonly pid: number;
  readonly ask: <Name extends keyof Methods & string>(
    method: Name,
    given: Parameters<Methods[Name]>[0],
  ) => Promise<Awaited<ReturnType<Methods[Name]>>>;
}

/** What a process can be asked: functions of one value that can be cloned, as is what they give. */
// biome-ignore lint/suspicious/noExplicitAny: each function takes a value of its own kind; `unknown` would refuse all of them
export type RemoteMethods = Readonly<Record<string, (given: any) => unknown>>;

/** How a process is started. */
export interface RemoteOptions {
  /** The file that it runs; it must call {@link answerParent}. */
  readonly url: URL;
  /** What it can read with {@link openedWith}; JSON. */
  readonly opening: unknown;
  readonly env?: Readonly<Record<string, string>>;
  /** Write a profile of its processor time into this folder when it ends. */
  readonly profile?: string | undefined;
}

/** One thing that is asked takes no longer, in milliseconds. */
const ANSWER_MAX_MS = 300_000;

/** Starts a process of its own, which shares no heap, no compiler's guesses and no setting with another. */
export async function startRemote<Methods extends RemoteMethods>(
  options: RemoteOptions,
): Promise<RemoteProcess<Methods>> {
  const { url, opening, env = {}, profile } = options;
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = fork(fileURLToPath(url), [JSON.stringify(opening)], {
    execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning", ...profiling],
    env: { ...process.env, ...env },
    serialization: "advanced",
  });
  let asked = 0;
  const answer = async (): Promise<unknown> => {
    asked += 1;
    try {
      return await answerOf(child, url);
    } finally {
      asked -= 1;
    }
  };
  await answer();
  return {
    pid: child.pid ?? 0,
    ask: async (method, given) => {
      child.send({ method, given } satisfies Asked);
      return (await answer()) as never;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      // In the midst of something, as after an interruption, it is not asked to end well.
      if (asked > 0) child.kill("SIGKILL");
      else child.disconnect();
      await ended;
    },
  };
}

/** What this process was started with. */
export function openedWith<Opening>(): Opening {
  return JSON.parse(process.argv[2] ?? "") as Opening;
}

/** Does what the parent asks from now on; `close` is called when it wants no more, then the process ends. */
export function answerParent(methods: RemoteMethods, close: () => Promise<void>): void {
  const answer = async ({ method, given }: Asked): Promise<void> => {
    try {
      process.send?.({ answer: await methods[method]?.(given) } satisfies Answered);
    } catch (error) {
      const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ failed } satisfies Answered);
    }
  };
  process.on("message", (asked: Asked) => void answer(asked));
  process.on("disconnect", () => void close().finally(() => process.exit()));
  process.send?.({ answer: "open" } satisfies Answered);
}

interface Asked {
  readonly method: string;
  readonly given: unknown;
}

type Answered = { readonly answer: unknown } | { readonly failed: string };

async function answerOf(child: ChildProcess, url: URL): Promise<unknown> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_MAX_MS)]);
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`The process of ${url.pathname} ended with ${code}`);
      }),
    ])) as [Answered];
    if ("failed" in message) throw new Error(`The process of ${url.pathname} failed: ${message.failed}`);
    return message.answer;
  } finally {
    ended.abort();
  }
}
