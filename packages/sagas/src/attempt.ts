import { type Backoff, type Domain, isPolderError, type LocalStep, type OutsideStep, waitAfter } from "@polder/model";
import { isInfrastructureError } from "@polder/postgres";
import { sagaErrors } from "./errors.ts";
import type { Memory } from "./memory.ts";
import { type HeldSaga, SagaLost, type SagaStore, type StepMemory } from "./store.ts";
import { type WorkOptions, workLocally, workOutside } from "./work.ts";

/** What taking and taking back the steps of one saga needs. */
export interface Stepping {
  readonly held: HeldSaga;
  readonly store: SagaStore;
  readonly memory: Memory;
  readonly work: WorkOptions;
  readonly attemptsMax: number;
  readonly backoff: Backoff;
  /** When the saga was read, by the clock of `performance`. */
  readonly readAtMs: number;
  /** Called before and after whatever a crash may come between. */
  readonly crashPoint: (name: SagaCrashPointName) => Promise<void> | void;
}

/** The places where a process may die with consequences; the fault tests kill it there. */
export type SagaCrashPointName =
  | "saga:step-begun"
  | "saga:step-answered"
  | "saga:step-kept"
  | "saga:turned"
  | "saga:undo-answered"
  | "saga:let-go";

/** What an attempt at a step came to. */
export type Attempt =
  | { readonly kind: "gave"; readonly result: unknown }
  /** It failed for good because of `cause`, and says so in the saga's code with `error`. */
  | { readonly kind: "failed"; readonly error: Error; readonly cause: unknown }
  | { readonly kind: "again"; readonly inMs: number }
  | { readonly kind: "cut"; readonly error: unknown };

/** One attempt at a step outside the database. It is written down before, since nobody knows what a crash leaves undone. */
export async function attemptOutside<Result>(
  stepping: Stepping,
  memory: StepMemory,
  step: OutsideStep<Domain, Result>,
): Promise<Attempt> {
  const { held, work, crashPoint } = stepping;
  const begun: StepMemory = { ...memory, state: "begun", attempts: memory.attempts + 1 };
  try {
    await keep(stepping, begun);
    await crashPoint("saga:step-begun");
    const result = await workOutside(work, { name: `step ${memory.name}`, key: keyOf(held, memory.name) }, step.run);
    await crashPoint("saga:step-answered");
    const stored = throughJson(result);
    await keep(stepping, { ...begun, state: "done", result: stored, error: null });
    await crashPoint("saga:step-kept");
    return { kind: "gave", result: stored };
  } catch (error) {
    if (isCut(error, stepping)) return { kind: "cut", error };
    return await afterFailure(stepping, begun, { error, attemptsMax: step.attemptsMax, ifGivenUp: "given-up" });
  }
}

/** One attempt at a step in the domain's own tables. */
export async function attemptLocally<Result>(
  stepping: Stepping,
  memory: StepMemory,
  step: LocalStep<Domain, Result>,
): Promise<Attempt> {
  const { held, store, work, crashPoint } = stepping;
  const attempts = memory.attempts + 1;
  const done = (result: unknown): StepMemory => ({ ...memory, state: "done", attempts, result, error: null });
  try {
    const result = await workLocally(work, `local ${memory.name}`, step.run, (given) =>
      store.written(held, done(throughJson(given))),
    );
    await crashPoint("saga:step-kept");
    const kept = done(throughJson(result));
    stepping.memory.keep(kept);
    return { kind: "gave", result: kept.result };
  } catch (error) {
    if (isCut(error, stepping)) return { kind: "cut", error };
    const tried: StepMemory = { ...memory, state: "tried", attempts };
    return await afterFailure(stepping, tried, { error, attemptsMax: step.attemptsMax, ifGivenUp: "failed" });
  }
}

interface Failure {
  readonly error: unknown;
  readonly attemptsMax: number | undefined;
  readonly ifGivenUp: "failed" | "given-up";
}

async function afterFailure(
  stepping: Stepping,
  step: StepMemory,
  { error, attemptsMax = stepping.attemptsMax, ifGivenUp }: Failure,
): Promise<Attempt> {
  const { work, backoff } = stepping;
  const text = describe(error);
  const definite = work.seams.isDefinite(error);
  const isLast = definite || step.attempts >= attemptsMax;
  work.log.warn(isLast ? "a step of a saga failed" : "a step of a saga failed; it is tried again", {
    step: step.name,
    attempts: step.attempts,
    error,
  });
  try {
    if (!isLast) {
      await keep(stepping, { ...step, error: text });
      return { kind: "again", inMs: waitAfter(step.attempts, backoff) };
    }
    // That this attempt did nothing says nothing of those before it.
    const state = definite && step.attempts === 1 ? "failed" : ifGivenUp;
    const failed: StepMemory = { ...step, state, error: text };
    await keep(stepping, failed);
    return { kind: "failed", error: stepFailed(failed), cause: error };
  } catch (cut) {
    return { kind: "cut", error: cut };
  }
}

/** Remembers a step, in the database first. */
export async function keep({ held, store, memory }: Stepping, step: StepMemory): Promise<void> {
  await store.write(held, step);
  memory.keep(step);
}

/** The error that a failed step throws into the saga's code, now and whenever the code runs anew. */
export function stepFailed({ name, attempts, error }: StepMemory): Error {
  return sagaErrors.SAGA_STEP_FAILED(
    `The step "${name}" failed after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${error?.split("\n", 1)[0]}. The saga is taken back unless its code catches this.`,
    { step: name, attempts },
  );
}

/** The key of a step, the same at every attempt; of 200 characters at most. */
export function keyOf({ id }: HeldSaga, step: string): string {
  return `saga:${id}:${step}`;
}

/** A copy through JSON, as it will be read again: without fields that are undefined, dates as texts. */
export function throughJson(value: unknown): unknown {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** Whose fault it was not: the saga is let go and taken up again. */
export function isCut(error: unknown, { work }: Stepping): boolean {
  return error instanceof SagaLost || work.signal.aborted || isInfrastructureError(error);
}

/** What is stored of an error: code, message and the first lines of where it came from. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = isPolderError(error) ? `${error.code}: ` : "";
  return `${code}${error.message}\n${error.stack?.split("\n").slice(1, 4).join("\n") ?? ""}`;
}
