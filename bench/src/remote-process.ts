import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A process that does what it is asked, one thing at a time. Disposing it ends it. */
export interface RemoteProcess<Methods extends object> extends AsyncDisposable {
  readonly pid: number;
  readonly ask: <Name extends keyof Methods & string>(
    method: Name,
    ...given: GivenOf<Methods[Name]>
  ) => Promise<AnswerOf<Methods[Name]>>;
}

/** Methods take one value that can be cloned, or nothing, and give such a one. */
type GivenOf<Method> = Method extends (...given: infer Given) => unknown ? Given : never;
type AnswerOf<Method> = Method extends (...given: never[]) => infer Answer ? Awaited<Answer> : never;

/** How a process is started. */
export interface RemoteOptions {
  /** How it is called in messages and profiles. */
  readonly name: string;
  /** The file that it runs; it must call {@link answerParent}. */
  readonly url: URL;
  /** What it can read with {@link openedWith}; JSON. */
  readonly opening: unknown;
  readonly env?: Readonly<Record<string, string>>;
}

/** One thing that is asked takes no longer, in milliseconds. */
const ANSWER_MAX_MS = 300_000;

/**
 * Starts a process of its own, which shares no heap, no compiler's guesses and no setting with another. Where
 * `POLDER_BENCH_PROFILE` names a folder, it writes a profile of its processor time below it when it ends.
 *
 * Disposing it lets it end well; in the midst of something, as after an interruption, it is killed.
 */
export async function startRemote<Methods extends object>(options: RemoteOptions): Promise<RemoteProcess<Methods>> {
  const { name, url, opening, env = {} } = options;
  const child = fork(fileURLToPath(url), [JSON.stringify(opening)], {
    execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning", ...profiling(name)],
    env: { ...process.env, ...env },
    serialization: "advanced",
  });
  let asked = 0;
  const send = async (message?: Asked): Promise<unknown> => {
    asked += 1;
    try {
      if (message !== undefined) child.send(message);
      return await answerOf(child, name);
    } finally {
      asked -= 1;
    }
  };
  await send();
  return {
    pid: child.pid ?? 0,
    ask: async (method, ...given) => (await send({ method, given: given[0] })) as never,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      const isKilled = asked > 0 && child.kill("SIGKILL");
      if (!isKilled) child.disconnect();
      const [code] = await ended;
      if (!isKilled && code > 0) throw new Error(`The process of ${name} ended with ${code}; it says why above`);
    },
  };
}

/** What this process was started with. */
export function openedWith<Opening>(): Opening {
  return JSON.parse(process.argv[2] ?? "") as Opening;
}

/** Does what the parent asks from now on; `close` is called when it wants no more, then the process ends. */
export function answerParent(methods: object, close: () => Promise<void>): void {
  // Which value belongs to which method is the business of the parent's types.
  const known = methods as Readonly<Record<string, (given: unknown) => unknown>>;
  const answer = async ({ method, given }: Asked): Promise<void> => {
    try {
      process.send?.({ answer: await known[method]?.(given) } satisfies Answered);
    } catch (error) {
      const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ failed } satisfies Answered);
    }
  };
  process.on("message", (asked: Asked) => void answer(asked));
  process.on("disconnect", () => {
    const failed = (error: unknown): void => {
      console.error(error);
      process.exitCode = 1;
    };
    void close()
      .catch(failed)
      .finally(() => process.exit());
  });
  process.send?.({ answer: "open" } satisfies Answered);
}

interface Asked {
  readonly method: string;
  readonly given: unknown;
}

type Answered = { readonly answer: unknown } | { readonly failed: string };

function profiling(name: string): readonly string[] {
  const folder = process.env["POLDER_BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(folder, name)}`];
}

async function answerOf(child: ChildProcess, name: string): Promise<unknown> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_MAX_MS)]);
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`The process of ${name} ended with ${code}`);
      }),
    ])) as [Answered];
    if ("failed" in message) throw new Error(`The process of ${name} failed: ${message.failed}`);
    return message.answer;
  } finally {
    ended.abort();
  }
}
