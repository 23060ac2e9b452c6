import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What {@link strikeWorkers} does, and with which luck. */
export interface StrikeOptions {
  /**
   * The program of a worker, which begins with {@link openWorker}. It says when it is ready, then after each piece of
   * work that it is done; told to settle, it works off what is left and ends.
   */
  readonly program: URL;
  /** JSON. */
  readonly argument: unknown;
  /** Named points, each with a colon in it, at which workers kill themselves. */
  readonly points: readonly string[];
  /** At which visit of a point at most. Default 15. */
  readonly visitsMax?: (point: string) => number;
  /** Pieces of work before a worker is struck at a moment that nobody chose, at most. */
  readonly worksMax: number;
  readonly faults: number;
  readonly seed: number;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}

/** Struck besides the named points: a moment that nobody chose, and a process that stands still past its lease. */
const moments = ["any-moment", "stopped-past-its-lease"];

/**
 * Lets two workers work, kills one of them again and again, and at last lets one settle. Every point is struck in turn;
 * the seed chooses at which of its visits. Gives how often each was struck.
 */
export async function strikeWorkers(options: StrikeOptions): Promise<Readonly<Record<string, number>>> {
  const { worksMax, visitsMax = () => 15 } = options;
  const points = [...options.points, ...moments];
  const random = randomFrom(options.seed);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const start = async (crash: string, other?: ChildProcess): Promise<ChildProcess> => {
    const worker = forkWorker(options, crash, upTo(2 ** 31));
    const isLoaded = saysOrEnds(worker, "loaded");
    const isReady = saysOrEnds(worker, "ready");
    // There is nothing to see while a process loads its code.
    other?.send("rest");
    await isLoaded;
    other?.send("work");
    await isReady;
    return worker;
  };
  const struck: Record<string, number> = {};
  let survivor = await start("-");
  for (let fault = 0; fault < options.faults; fault += 1) {
    const point = points[fault % points.length] ?? "any-moment";
    const victim = await start(moments.includes(point) ? "-" : `${point}:${upTo(visitsMax(point))}`, survivor);
    const exited = exitOf(victim);
    if (point === "any-moment") await worked(victim, upTo(worksMax));
    if (point === "stopped-past-its-lease") {
      await worked(victim, worksMax / 4);
      victim.kill("SIGSTOP");
      await worked(survivor, worksMax * 1.5);
      victim.kill("SIGCONT");
      await worked(victim, 4);
    }
    if (moments.includes(point)) victim.kill("SIGKILL");
    await exited;
    struck[point] = (struck[point] ?? 0) + 1;
    // Now and then the other one goes as well, so that nobody is left for a while.
    if (random() < 0.25) {
      const gone = exitOf(survivor);
      survivor.kill("SIGKILL");
      await gone;
      survivor = await start("-");
    }
  }
  const settled = exitOf(survivor);
  survivor.send("settle");
  await settled;
  return struck;
}

/** A worker's side of {@link strikeWorkers}. */
export interface Worker<Argument> {
  /** What the test has handed in. */
  readonly argument: Argument;
  /** Of this worker's own seed. */
  readonly random: () => number;
  /** Passes a named point: perhaps the worker dies there. */
  readonly crashPoint: (name: string) => void;
  /** Resolves when it may begin another piece of work. */
  readonly turn: () => Promise<void>;
  /** Says that a piece of work is done. */
  readonly done: () => void;
  /** Says that the worker is at work. Told to settle, it does what is handed in, and ends. */
  readonly ready: (settle: () => Promise<void>) => void;
}

/** Says that the worker has loaded its code, and listens to what it is told. The argument comes as JSON. */
export function openWorker<Argument>(): Worker<Argument> {
  const [argument = "null", crash = "-", seed = "1"] = process.argv.slice(2);
  const [crashAt, nth] = crash.split(/:(?=\d+$)/);
  let visits = 0;
  let turn = Promise.withResolvers<void>();
  turn.resolve();
  const settling = Promise.withResolvers<void>();
  process.on("message", (told) => {
    if (told === "rest") turn = Promise.withResolvers();
    else turn.resolve();
    if (told === "settle") settling.resolve();
  });
  // Without the test there is nobody to work for.
  process.on("disconnect", () => process.exit());
  const say = (message: string): void => {
    if (process.connected) process.send?.(message, () => undefined);
  };
  say("loaded");
  return {
    argument: JSON.parse(argument) as Argument,
    random: randomFrom(Number(seed)),
    crashPoint: (name) => {
      if (name !== crashAt) return;
      visits += 1;
      if (visits === Number(nth)) process.kill(process.pid, "SIGKILL");
    },
    turn: () => turn.promise,
    done: () => say("done"),
    ready: (settle) => {
      say("ready");
      void settling.promise.then(async () => {
        await settle();
        process.disconnect();
      });
    },
  };
}

function forkWorker({ program, argument, signal }: StrikeOptions, crash: string, seed: number): ChildProcess {
  const worker = fork(program, [JSON.stringify(argument), crash, String(seed)], {
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    signal,
    killSignal: "SIGKILL",
  });
  // With the test's signal aborted the worker is killed; that it did not end by itself is known.
  worker.on("error", () => undefined);
  return worker;
}

async function saysOrEnds(worker: ChildProcess, word: string): Promise<void> {
  const says = new Promise<void>((resolve) => {
    worker.on("message", (message) => {
      if (message === word) resolve();
    });
  });
  await Promise.race([says, exitOf(worker)]);
}

/** Resolves when a worker has ended, also when that has happened already. */
async function exitOf(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
}

/** Waits until a worker has done so many pieces of work, or has died. */
async function worked(worker: ChildProcess, pieces: number): Promise<void> {
  const exited = exitOf(worker).then(() => "exit" as const);
  for (let done = 0; done < pieces; done += 1) {
    if ((await Promise.race([once(worker, "message").then(() => "message" as const), exited])) === "exit") return;
  }
}

/** Mulberry32: small, seeded, good enough to choose where to strike. Gives numbers from 0 to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
