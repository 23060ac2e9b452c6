import type { Domain, LocalStep, OutsideStep, Refused, Saga, SagaContext } from "@polder/model";
import { Aborted } from "./aborted.ts";
import { type Attempt, attemptLocally, attemptOutside, isCut, keep, type Stepping, stepFailed } from "./attempt.ts";
import { sagaErrors } from "./errors.ts";
import { openRun, type Run, type RunEnd } from "./run.ts";
import type { SagaNews, StepMemory, StoredEvent } from "./store.ts";

/** What going forward needs besides. */
export interface Forward extends Stepping {
  readonly saga: Saga;
  readonly news: readonly SagaNews[];
  /** Told when callers have got their answer. */
  readonly answered: () => void;
}

/** What a wait is remembered with. */
interface Wait {
  /** By the database's clock. */
  readonly until: string;
  readonly event?: StoredEvent | null;
}

type AnyContext = SagaContext<Domain, Saga["input"], never, string>;

/**
 * Runs a saga's code from its beginning: a step that is done gives what it gave, the first one that is not is tried.
 * Gives how far it came.
 */
export async function goForward(forward: Forward): Promise<RunEnd> {
  const { saga, held, memory, work } = forward;
  const hangMs = work.timeoutMs;
  const hung = (): Error =>
    sagaErrors.SAGA_HANGS(
      `The saga "${saga.name}" waits for something that is no step, for more than ${hangMs} ms. Put whatever takes time into a step.`,
      { saga: saga.name, timeoutMs: hangMs },
    );
  const run = openRun({ hangMs, hung });
  let answered = held.answered;
  const context: AnyContext = {
    input: held.input as AnyContext["input"],
    key: held.key,
    log: work.log,
    abort: (why: string | Refused): never => {
      throw new Aborted(why);
    },
    refuse: ((refusal: string, details: unknown): Refused => ({ kind: "refused", refusal, details })) as never,
    answer: (async (output: unknown): Promise<void> => {
      if (answered) return;
      await taken(
        run,
        async () => {
          await forward.store.answer(held, { kind: "answered", output: output ?? null });
          answered = true;
          forward.answered();
          return { kind: "gave", result: null };
        },
        forward,
      );
    }) as never,
    step: async <Result>(name: string, step: OutsideStep<Domain, Result>) => {
      memory.enter(name);
      return await once<Result>(run, forward, name, (found) =>
        attemptOutside(forward, found ?? memory.fresh(name, "outside"), step),
      );
    },
    local: async <Result>(name: string, step: LocalStep<Domain, Result>) => {
      memory.enter(name);
      return await once<Result>(run, forward, name, (found) =>
        attemptLocally(forward, found ?? memory.fresh(name, "local"), step),
      );
    },
    pause: async (name, durationMs) => {
      memory.enter(name);
      const wait = await waitBegun(run, forward, name, durationMs);
      const leftMs = leftUntil(forward, wait.until);
      if (leftMs > 0) await run.pause(leftMs);
      await waitEnded(run, forward, name, wait);
    },
    waitFor: (async (name: string, events: readonly string[], { timeoutMs }: { readonly timeoutMs: number }) => {
      memory.enter(name);
      const wait = await waitBegun(run, forward, name, timeoutMs);
      if (wait.event !== undefined) return wait.event === null ? undefined : asDelivered(wait.event);
      const event = nextNews(forward, events)?.event ?? null;
      const leftMs = leftUntil(forward, wait.until);
      if (event === null && leftMs > 0) return await run.pause(leftMs);
      await waitEnded(run, forward, name, { ...wait, event });
      return event === null ? undefined : asDelivered(event);
    }) as never,
  };
  return await run.follow(() => saga.run(context as never));
}

/** Gives what a step gave, or lets it be tried. */
async function once<Result>(
  run: Run,
  forward: Forward,
  name: string,
  attempt: (found: StepMemory | undefined) => Promise<Attempt>,
): Promise<Result> {
  const found = forward.memory.of(name);
  if (found?.state === "done") return found.result as Result;
  if (found?.state === "failed" || found?.state === "given-up") throw stepFailed(found);
  return (await taken(run, () => attempt(found), forward)) as Result;
}

/** Has an attempt made within the run; what it came to is what the code sees. */
async function taken(run: Run, attempt: () => Promise<Attempt>, stepping: Stepping): Promise<unknown> {
  const came = await run.during(async (): Promise<Attempt> => {
    try {
      return await attempt();
    } catch (error) {
      if (isCut(error, stepping)) return { kind: "cut", error };
      throw error;
    }
  });
  switch (came.kind) {
    case "gave":
      return came.result;
    case "failed":
      throw came.error;
    case "again":
      return await run.pause(came.inMs, { failed: true });
    case "cut":
      return await run.cut(came.error);
  }
}

/** The wait of that name; it is written down when it begins, so that it does not begin anew with each run. */
async function waitBegun(run: Run, forward: Forward, name: string, durationMs: number): Promise<Wait> {
  const { memory } = forward;
  const found = memory.of(name);
  if (found !== undefined) return found.result as Wait;
  const wait: Wait = { until: new Date(nowOf(forward) + durationMs).toISOString() };
  await taken(
    run,
    async () => {
      await keep(forward, { ...memory.fresh(name, "wait"), result: wait });
      return { kind: "gave", result: null };
    },
    forward,
  );
  return wait;
}

/** Remembers how a wait ended, so that it ends the same way with each run. */
async function waitEnded(run: Run, forward: Forward, name: string, wait: Wait): Promise<void> {
  const { memory } = forward;
  const found = memory.of(name) ?? memory.fresh(name, "wait");
  if (found.state === "done") return;
  await taken(
    run,
    async () => {
      await keep(forward, { ...found, state: "done", result: wait });
      return { kind: "gave", result: null };
    },
    forward,
  );
}

/** The time by the database's clock, in milliseconds: processes need not agree about theirs. */
function nowOf({ readAtMs, held }: Forward): number {
  return held.now.getTime() + (performance.now() - readAtMs);
}

function leftUntil(forward: Forward, until: string): number {
  return Date.parse(until) - nowOf(forward);
}

/** The oldest event of these names that no wait has taken yet. */
function nextNews({ news, memory }: Forward, names: readonly string[]): SagaNews | undefined {
  const taken = new Set(
    memory.all().map(({ kind, result }) => (kind === "wait" ? (result as Wait).event?.id : undefined)),
  );
  return news.find(({ eventId, name }) => names.includes(name) && !taken.has(eventId));
}

function asDelivered(event: StoredEvent): object {
  return { ...event, at: new Date(event.at), seq: BigInt(event.seq) };
}
