import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Methods that take one object, or nothing, and answer with what can be copied between processes. */
type Methods = object;

/** An object whose methods run in a process of its own. */
export interface Worker<Served extends Methods> extends AsyncDisposable {
  readonly pid: number;
  /** Asks for one thing; one at a time. */
  readonly ask: <Name extends keyof Served & string>(
    name: Name,
    options?: OptionsOf<Served[Name]>,
  ) => AnswerOf<Served[Name]>;
}

type OptionsOf<Method> = Method extends (options: infer Options) => unknown ? Options : undefined;
type AnswerOf<Method> = Method extends (...given: never[]) => Promise<infer Answer> ? Promise<Answer> : never;

interface Asked {
  readonly method: string;
  readonly options: unknown;
}

type Answered = { readonly answer: unknown } | { readonly failed: string };

/** One thing that is asked of a process takes no longer, in milliseconds. */
const ANSWER_MAX_MS = 300_000;

/**
 * Starts a program that calls {@link serveParent}, with `opening` as its argument. Disposing asks it for `close` and ends
 * it; in the midst of something, as after an interruption, it is killed.
 */
export async function startWorker<Served extends Methods & { readonly close: () => Promise<void> }>(options: {
  readonly program: URL;
  readonly opening: unknown;
  /** How it is called in messages. */
  readonly name: string;
  /** A folder to write a profile of its processor time to, when it ends. */
  readonly profile?: string;
}): Promise<Worker<Served>> {
  const { name, profile } = options;
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = fork(fileURLToPath(options.program), [JSON.stringify(options.opening)], {
    execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning", ...profiling],
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
    ask: ((method: string, given?: unknown) => send({ method, options: given })) as Worker<Served>["ask"],
    [Symbol.asyncDispose]: async () => {
      const ended = exitOf(child);
      if (asked > 0) {
        child.kill("SIGKILL");
      } else {
        await send({ method: "close", options: undefined });
        child.disconnect();
      }
      await ended;
    },
  };
}

/** In the process itself: does what its parent asks, one thing at a time, and nothing in between. */
export async function serveParent<Opening, Served extends Methods>(
  open: (opening: Opening) => Promise<Served> | Served,
): Promise<void> {
  const served = (await open(JSON.parse(process.argv[2] ?? "") as Opening)) as Record<
    string,
    (options: unknown) => Promise<unknown>
  >;
  process.on("message", ({ method, options }: Asked) => {
    // Which options belong to which method is the business of the parent's types.
    void Promise.resolve(served[method]?.(options)).then(
      (answer) => process.send?.({ answer } satisfies Answered),
      (error: unknown) => {
        const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ failed } satisfies Answered);
      },
    );
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ answer: "open" } satisfies Answered);
}

/** Resolves when a process has ended, also when that has happened already. */
async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
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
    if ("failed" in message) throw new Error(`${name} failed: ${message.failed}`);
    return message.answer;
  } finally {
    ended.abort();
  }
}
