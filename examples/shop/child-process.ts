import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Host, httpTransport } from "polder";
import { signIn } from "./sign-in.ts";

/** A process of the shop that serves APIs. Whoever disposes it while it runs kills it. */
export interface ShopProcess extends AsyncDisposable {
  readonly pid: number;
  /** Base URL of its APIs. */
  readonly url: string;
  /** Carries calls of customers through its gateway. Throws where it has none. */
  readonly customers: () => Host["transport"];
  /** SIGKILL: it ends in the middle of whatever it does. */
  readonly kill: () => Promise<void>;
  /** SIGTERM: it ends in good order. Gives the exit code. */
  readonly stop: () => Promise<number | null>;
  /** SIGSTOP: it stands still, and does not know it, until it is resumed. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Sends a message over its channel, and gives the next that comes back. For a program that answers there. */
  readonly ask: (message: string) => Promise<unknown>;
}

/** How a program is started. */
export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node.js itself. */
  readonly execArgs?: readonly string[];
  /** Told of each line of its log. */
  readonly onLog?: (entry: Readonly<Record<string, unknown>>) => void;
}

/** Lines of its log that are kept, for the case that it does not come up. */
const LINES_MAX = 50;

/**
 * Starts a program of the workspace in a process of its own, and waits until its log says `ready` with a URL.
 *
 * @throws with the end of its log when it ends before.
 */
export async function startProcess(
  program: URL,
  { args = [], env, execArgs = [], onLog }: ProcessOptions,
): Promise<ShopProcess> {
  const child = spawn(process.execPath, ["--conditions=source", ...execArgs, program.pathname, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  const exited = once(child, "exit") as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const [code] = await exited;
    return code;
  };
  // Should the test itself end before.
  if (running.size === 0) process.once("exit", killAll);
  running.add(child);
  void exited.then(() => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  });
  const { url, gateway } = await ready(child, onLog);
  let customers: Host["transport"] | undefined;
  const kill = async () => void (await end("SIGKILL"));
  return {
    pid: child.pid ?? 0,
    url,
    customers: () => {
      if (gateway === undefined) throw new Error("the process has no gateway");
      customers ??= httpTransport({ baseUrl: gateway, authorize: signIn(gateway) });
      return customers;
    },
    kill,
    stop: () => end("SIGTERM"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    ask: async (message) => {
      const answered = once(child, "message");
      child.send(message);
      return (await answered)[0];
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Those that have not ended. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

interface Ready {
  readonly url: string;
  readonly gateway: string | undefined;
}

async function ready(child: ChildProcess, onLog: ProcessOptions["onLog"]): Promise<Ready> {
  const said = Promise.withResolvers<Ready>();
  if (child.stderr === null) throw new Error("its log is not piped");
  const lines: string[] = [];
  // Read to the end, or the process stands still when the pipe is full.
  const log = createInterface({ input: child.stderr });
  log.on("line", (line) => {
    if (lines.push(line) > LINES_MAX) lines.shift();
    const entry = parsed(line);
    onLog?.(entry);
    const { message, url, gateway } = entry;
    if (message !== "ready" || typeof url !== "string") return;
    said.resolve({ url, gateway: typeof gateway === "string" ? gateway : undefined });
  });
  log.on("close", () => said.reject(new Error(`it ended before it was ready:\n${lines.join("\n")}`)));
  return await said.promise;
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
