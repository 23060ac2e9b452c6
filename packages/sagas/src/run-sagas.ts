import { type Logger, type Saga, silentLogger, waitAfter } from "@polder/model";
import { type Database, isInfrastructureError } from "@polder/postgres";
import { Aborted } from "./aborted.ts";
import { describe, type SagaCrashPointName, type Stepping } from "./attempt.ts";
import { goBack } from "./go-back.ts";
import { goForward } from "./go-forward.ts";
import { openMemory } from "./memory.ts";
import { type HeldSaga, type LetGo, openSagaStore, SagaLost, type SagaStore, type StepMemory } from "./store.ts";
import type { SagaSeams } from "./work.ts";

/** What {@link runSagas} needs. */
export interface SagasOptions {
  readonly domain: string;
  readonly sagas: readonly Saga[];
  /** The domain's database, as its own role. */
  readonly database: Database;
  /** UUID of this process's instance of the domain, as it is entered in `_instance`. */
  readonly instance: string;
  readonly seams: (saga: Saga, held: Pick<HeldSaga, "key" | "headers">) => SagaSeams;
  /** Told when the callers of a saga can be answered. */
  readonly answered?: (saga: string, key: string) => void;
  /** How long a lease on a saga lasts, in milliseconds; renewed three times in that time. Default 15,000. */
  readonly leaseMs?: number;
  /** How long to sleep when nobody says that there is work, in milliseconds. Default 5,000. */
  readonly pollMs?: number;
  /** Sagas that this process works on at once. Default 32. */
  readonly atOnceMax?: number;
  /** How long sagas that have ended are kept, in days. Default 7. */
  readonly keepDays?: number;
  /** How often old ones are looked for, in milliseconds. Default 60,000. */
  readonly forgetMs?: number;
  readonly random?: () => number;
  readonly logger?: Logger;
  readonly crashPoint?: (name: SagaCrashPointName) => Promise<void> | void;
}

/** The sagas of one domain at work in this process. */
export interface RunningSagas {
  /** Says that there may be something to do: a saga was started, or an event has come for one. */
  readonly wake: () => void;
  /** Takes up no further saga and waits for the steps under way; when `signal` aborts, they are given up. */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/** Failures of a saga's own code before it stands still until somebody looks at it. */
const CODE_FAILURES_MAX = 5;
/** Longest pause after trouble with the database, in milliseconds. */
const CUT_PAUSE_MAX_MS = 5_000;

/** Starts to work on a domain's sagas: those that are due and that no other process holds. */
export function runSagas(options: SagasOptions): RunningSagas {
  const { sagas, leaseMs = 15_000, pollMs = 5_000, atOnceMax = 32, logger = silentLogger } = options;
  const store = openSagaStore({ domain: options.domain, database: options.database, owner: options.instance, leaseMs });
  const byName = new Map(sagas.map((saga) => [saga.name, saga]));
  const names = [...byName.keys()];
  const stopping = new AbortController();
  const cutting = new AbortController();
  const working = new Set<Promise<void>>();
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  stopping.signal.addEventListener("abort", wake, { once: true });

  const take = (held: HeldSaga): void => {
    const saga = byName.get(held.saga);
    if (saga === undefined) return;
    const work = workOn(options, { store, saga, held, signal: cutting.signal })
      .catch((error: unknown) => logger.warn("a saga was let go of; its lease expires", { ...nameOf(held), error }))
      .finally(() => {
        working.delete(work);
        wake();
      });
    working.add(work);
  };
  const round = async (): Promise<number> => {
    const free = atOnceMax - working.size;
    if (free <= 0) return pollMs;
    const claimed = await store.claim({ names, max: free });
    for (const held of claimed) take(held);
    if (claimed.length === free) return 0;
    return Math.min(pollMs, (await store.nextInMs(names)) ?? pollMs);
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    await store.freeDead().catch(() => undefined);
    while (!stopping.signal.aborted) {
      woken = Promise.withResolvers();
      let pauseMs: number;
      try {
        pauseMs = await round();
        failures = 0;
      } catch (error) {
        failures += 1;
        pauseMs = Math.min(CUT_PAUSE_MAX_MS, 50 * 2 ** Math.min(failures, 20));
        logger.warn("sagas could not be looked for; it is tried again", { failures, error });
      }
      if (!stopping.signal.aborted) await pause(pauseMs, woken.promise);
    }
  };
  const stopTimers = startTimers(logger, upkeepOf(options, { store, working, signal: stopping.signal }));
  const running = names.length === 0 ? Promise.resolve() : run();
  return {
    wake,
    stop: async ({ signal } = {}) => {
      const cut = (): void => cutting.abort(signal?.reason);
      if (signal?.aborted === true) cut();
      signal?.addEventListener("abort", cut, { once: true });
      stopping.abort();
      await running;
      await Promise.all(working);
      stopTimers();
      signal?.removeEventListener("abort", cut);
    },
  };
}

interface TimedWork {
  readonly everyMs: number;
  readonly what: string;
  readonly work: () => Promise<void>;
}

/** What is done beside the sagas: leases are renewed while some are held, and old ones are forgotten. */
function upkeepOf(
  { leaseMs = 15_000, forgetMs = 60_000, keepDays = 7 }: SagasOptions,
  { store, working, signal }: Pick<Task, "store" | "signal"> & { readonly working: ReadonlySet<unknown> },
): readonly TimedWork[] {
  const renew = async (): Promise<void> => {
    if (working.size > 0) await store.renew();
  };
  // As many rounds as it takes: one a minute would not keep up with a busy domain.
  const forget = async (): Promise<void> => {
    while (!signal.aborted && (await store.forget(keepDays)) > 0);
  };
  return [
    { everyMs: leaseMs / 3, what: "leases on sagas were not renewed", work: renew },
    { everyMs: forgetMs, what: "old sagas were not forgotten", work: forget },
  ];
}

/** Does some work again and again, never twice at once; it matters little when it fails once. Gives the way to stop. */
function startTimers(logger: Logger, works: readonly TimedWork[]): () => void {
  const timers = works.map(({ everyMs, what, work }) => {
    let isWorking = false;
    return setInterval(() => {
      if (isWorking) return;
      isWorking = true;
      void work()
        .catch((error: unknown) => logger.debug(what, { error }))
        .finally(() => {
          isWorking = false;
        });
    }, everyMs);
  });
  return () => timers.forEach(clearInterval);
}

async function pause(durationMs: number, woken: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, durationMs);
  });
  await Promise.race([over, woken]);
  clearTimeout(timer);
}

interface Task {
  readonly store: SagaStore;
  readonly saga: Saga;
  readonly held: HeldSaga;
  readonly signal: AbortSignal;
}

/** Brings a saga as far as it comes now, and lets go of it. */
async function workOn(options: SagasOptions, task: Task): Promise<void> {
  const { store, saga, held } = task;
  let how: LetGo | undefined;
  try {
    how =
      held.state === "forward" ? await forward(options, task) : await back(options, task, await store.memory(held.id));
  } catch (error) {
    if (error instanceof SagaLost) return;
    if (!isInfrastructureError(error) && !task.signal.aborted) throw error;
    how = { to: "sleep", inMs: CUT_PAUSE_MAX_MS / 5, failures: held.failures };
  }
  if (how === undefined) return;
  await options.crashPoint?.("saga:let-go");
  await store.letGo(held, how);
  if (how.to === "stand-still") {
    options.logger?.error("a saga stands still until somebody looks at it", {
      ...nameOf(held),
      saga: saga.name,
      why: how.why,
    });
  }
}

async function forward(options: SagasOptions, task: Task): Promise<LetGo | undefined> {
  const { store, saga, held } = task;
  // Nothing is known of one that nobody has held before.
  const stepping = openStepping(options, task, held.epoch === "1" ? [] : await store.memory(held.id));
  const news = held.news === 0 ? [] : await store.news(held.id);
  const answered = (): void => options.answered?.(held.saga, held.key);
  const end = await goForward({ ...stepping, saga, news, answered });
  switch (end.kind) {
    case "finished":
      answered();
      return { to: "end", state: "done" };
    case "paused":
      return { to: "sleep", inMs: end.inMs, failures: end.failed ? held.failures + 1 : 0 };
    case "cut":
      throw end.error;
    case "threw":
      return await turnRound(options, task, { ...end, stepping });
  }
}

/** The code threw: on purpose or by a failed step it is taken back; by a mistake in it, it waits for a better version. */
async function turnRound(
  options: SagasOptions,
  task: Task,
  { error, stepping }: { readonly error: unknown; readonly stepping: Stepping },
): Promise<LetGo | undefined> {
  const { store, held } = task;
  const failed = Reflect.get(Object(error), "code") === "SAGA_STEP_FAILED";
  if (!(error instanceof Aborted) && !failed) {
    const failures = held.failures + 1;
    options.logger?.warn("the code of a saga threw", { ...nameOf(held), failures, error });
    if (failures >= CODE_FAILURES_MAX) return { to: "stand-still", why: describe(error) };
    return { to: "sleep", inMs: waitAfter(failures, stepping.backoff), failures };
  }
  const reason = (error as Error).message;
  const refused = error instanceof Aborted ? error.refused : undefined;
  // Why a step failed may speak of internals: that stays here.
  const said = error instanceof Aborted ? reason : reason.split(" after ", 1)[0];
  await store.turn(held, reason, refused ?? { kind: "aborted", reason: said });
  options.answered?.(held.saga, held.key);
  await options.crashPoint?.("saga:turned");
  const turned: HeldSaga = { ...held, state: "back", reason, failures: 0 };
  return await back(options, { ...task, held: turned }, stepping.memory.all());
}

async function back(options: SagasOptions, task: Task, steps: readonly StepMemory[]): Promise<LetGo | undefined> {
  const { held } = task;
  const end = await goBack(openStepping(options, task, steps), task.saga);
  switch (end.kind) {
    case "undone":
      return { to: "end", state: "undone" };
    case "again":
      return { to: "sleep", inMs: end.inMs, failures: held.failures + 1 };
    case "stuck":
      return { to: "stand-still", why: end.why };
    case "cut":
      throw end.error;
  }
}

function openStepping(
  options: SagasOptions,
  { store, saga, held, signal }: Task,
  steps: readonly StepMemory[],
): Stepping {
  const { attemptsMax = 8, backoffMs = 500, backoffMaxMs = 300_000, stepTimeoutMs = 30_000 } = saga.options;
  const log = options.logger ?? silentLogger;
  const readAtMs = performance.now();
  return {
    held,
    store,
    memory: openMemory(steps),
    readAtMs,
    work: { database: options.database, seams: options.seams(saga, held), timeoutMs: stepTimeoutMs, signal, log },
    attemptsMax,
    backoff: { backoffMs, backoffMaxMs, random: options.random ?? Math.random },
    crashPoint: options.crashPoint ?? (() => undefined),
  };
}

function nameOf({ saga, key }: HeldSaga): { readonly saga: string; readonly key: string } {
  return { saga, key };
}
