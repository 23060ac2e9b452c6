import { fork } from "node:child_process";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { type Ended, environmentOf, type PolderOptions } from "./polder-process.ts";

/** A command for the process that runs several. */
export interface Asked {
  readonly id: number;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What has come of it. */
export interface Answered {
  readonly id: number;
  readonly ended?: Ended;
  /** Why it could not be run, or has left something behind. */
  readonly failed?: string;
}

/** Ends what a command has written to a stream of the process, past the streams that it was given. */
export const endMark = "\0the command has ended\0";

/** Gives what comes of a command. */
type Run = (asked: Omit<Asked, "id">) => Promise<Ended>;

let runner: Run | undefined;

/**
 * Runs the command to its end, after those that were asked for before it, in a process that all tests of this one share
 * and that has its code loaded. It is as if it were a process of its own: it finds the project as it is now, and a command
 * that leaves open what would keep it running is a failure. For what is about the process itself, such as signals, see
 * `startPolder` and `polderAlone`.
 */
export async function polder(args: readonly string[], options: PolderOptions): Promise<Ended> {
  runner ??= startRunner();
  return await runner({ args, cwd: options.cwd, env: environmentOf(options) });
}

/** Runs commands to their ends, one after the other. */
export async function polderEach(lines: readonly string[], options: PolderOptions): Promise<readonly Ended[]> {
  const all: Ended[] = [];
  for (const line of lines) all.push(await polder(line.split(" "), options));
  return all;
}

function startRunner(): Run {
  const child = fork(new URL("polder-child.ts", import.meta.url), {
    execArgv: ["--conditions=source"],
    env: environmentOf({}),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const streams = [child.stdout, child.stderr].map(readMarked);
  const asked = new Map<number, PromiseWithResolvers<Answered>>();
  let count = 0;
  child.on("message", (answered: Answered) => {
    asked.get(answered.id)?.resolve(answered);
    asked.delete(answered.id);
  });
  child.once("exit", (code, signal) => {
    const why = new Error(`The process of the commands ended with ${code ?? signal}`);
    for (const { reject } of asked.values()) reject(why);
    runner = undefined;
  });
  child.unref();
  child.channel?.unref();
  return async (one) => {
    const answered = Promise.withResolvers<Answered>();
    count += 1;
    asked.set(count, answered);
    child.send({ id: count, ...one } satisfies Asked);
    const written = Promise.all(streams.map((next) => next()));
    const { ended, failed } = await answered.promise;
    const [out = "", err = ""] = await written;
    if (ended !== undefined) return { ...ended, out: ended.out + out, err: ended.err + err };
    // The next command gets a process in which nothing is left.
    runner = undefined;
    child.disconnect();
    throw new Error(`${failed}\n${out}${err}`);
  };
}

/** Gives what comes in a stream until the next mark, again and again. The stream does not keep this process running. */
function readMarked(stream: Readable | null): () => Promise<string> {
  if (!(stream instanceof Socket)) throw new Error("it is no pipe");
  const waiting: ((text: string) => void)[] = [];
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    for (let at = text.indexOf(endMark); at >= 0; at = text.indexOf(endMark)) {
      waiting.shift()?.(text.slice(0, at));
      text = text.slice(at + endMark.length);
    }
  });
  stream.unref();
  return () => new Promise((resolve) => waiting.push(resolve));
}
