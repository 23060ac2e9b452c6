import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "../src/main.ts");

/** Where and how the command runs. */
export interface PolderOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command has said. */
export interface Said {
  readonly out: string;
  readonly err: string;
}

/** How a command ended. */
export interface Ended extends Said {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that runs. Disposing it kills it. */
export interface PolderProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** All of both streams until now. */
  readonly said: () => Said;
  /** Waits for something in what it says on either stream, or has said since; fails when it ends before. */
  readonly says: (pattern: RegExp, since?: Said) => Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Of this process's environment a command gets the path only, and where Node keeps what it has compiled. */
export function environmentOf({ env = {} }: Pick<PolderOptions, "env">): Readonly<Record<string, string>> {
  const { PATH = "", NODE_COMPILE_CACHE = "" } = process.env;
  return { PATH, NODE_COMPILE_CACHE, ...env };
}

/** Starts the command in a process of its own. */
export function startPolder(args: readonly string[], options: PolderOptions): PolderProcess {
  const child = spawn(process.execPath, ["--conditions=source", main, ...args], {
    cwd: options.cwd,
    env: environmentOf(options),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  const listeners = new Set<() => void>();
  const hear = (stream: "out" | "err") => (chunk: string) => {
    said[stream] += chunk;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", hear("out"));
  child.stderr.setEncoding("utf8").on("data", hear("err"));
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, ...said }));
  return {
    child,
    said: () => ({ ...said }),
    ended,
    says: (pattern, since = { out: "", err: "" }) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const found = pattern.exec(said.out.slice(since.out.length)) ?? pattern.exec(said.err.slice(since.err.length));
        if (found !== null) resolve(found);
      };
      listeners.add(look);
      look();
      void ended.then(({ code }) =>
        reject(new Error(`It ended with ${code} without saying ${pattern}:\n${said.out}\n${said.err}`)),
      );
      return promise.finally(() => listeners.delete(look));
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs the command to its end in a process of its own. */
export async function polderAlone(args: readonly string[], options: PolderOptions): Promise<Ended> {
  await using running = startPolder(args, options);
  return await running.ended;
}

/** What a command wrote with `--json`: exactly one object on one line. */
export function jsonOf(ended: Ended | undefined): unknown {
  const { out, err } = ended ?? { out: "", err: "no command" };
  const lines = out.split("\n").filter((line) => line !== "");
  if (lines.length !== 1) throw new Error(`It wrote ${lines.length} lines instead of one object:\n${out}\n${err}`);
  return JSON.parse(lines[0] ?? "");
}
