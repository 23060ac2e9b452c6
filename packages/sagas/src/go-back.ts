import type { Domain, LocalStep, OutsideStep, Refused, Saga, SagaContext } from "@polder/model";
import { waitAfter } from "@polder/model";
import { Aborted } from "./aborted.ts";
import { attemptOutside, describe, isCut, keep, keyOf, type Stepping, stepFailed } from "./attempt.ts";
import { sagaErrors } from "./errors.ts";
import { openRun } from "./run.ts";
import type { StepMemory } from "./store.ts";
import { workLocally, workOutside } from "./work.ts";

/** How taking back went. */
export type BackEnd =
  | { readonly kind: "undone" }
  | { readonly kind: "again"; readonly inMs: number }
  | { readonly kind: "stuck"; readonly why: string }
  | { readonly kind: "cut"; readonly error: unknown };

/** A step as the saga's code has it. */
type Undoable =
  | { readonly kind: "outside"; readonly step: OutsideStep<Domain, unknown> }
  | { readonly kind: "local"; readonly step: LocalStep<Domain, unknown> };

/**
 * Takes back what a saga has done, the last step first. Its code is run once more to learn how each step is taken back,
 * and does nothing beyond. A step that may have happened is asked for again under its key, until it is known.
 */
export async function goBack(stepping: Stepping, saga: Saga): Promise<BackEnd> {
  const { memory, held } = stepping;
  const known = await learn(stepping, saga);
  const steps = memory
    .all()
    .filter(({ kind, state }) => kind !== "wait" && ["done", "begun", "given-up"].includes(state))
    .sort((a, b) => b.position - a.position);
  const unknown = steps.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    const error = sagaErrors.SAGA_CODE_CHANGED(
      `The saga "${saga.name}" has done ${unknown.map((name) => `"${name}"`).join(", ")}, which its code does not come to any more. Run the code that did it, or take the steps back by hand; then resume the saga.`,
      { saga: saga.name, steps: unknown },
    );
    return { kind: "stuck", why: describe(error) };
  }
  for (const found of steps) {
    const undoable = known.get(found.name);
    if (undoable === undefined) continue;
    try {
      await takeBack(stepping, found, undoable);
    } catch (error) {
      if (isCut(error, stepping)) return { kind: "cut", error };
      return await afterFailure(stepping, found, { error, failures: held.failures + 1 });
    }
  }
  return { kind: "undone" };
}

async function learn({ held, memory, work }: Stepping, saga: Saga): Promise<ReadonlyMap<string, Undoable>> {
  const known = new Map<string, Undoable>();
  const run = openRun({
    hangMs: work.timeoutMs,
    hung: () => new Error("the code waits for something that is no step"),
  });
  const recall = async (name: string, undoable?: Undoable): Promise<unknown> => {
    memory.enter(name);
    const found = memory.of(name);
    if (undoable !== undefined) known.set(name, undoable);
    if (found?.state === "done" || found?.state === "undone") return found.result;
    if (found?.state === "failed" || found?.state === "given-up") throw stepFailed(found);
    // The code came no further than this.
    return await run.pause(0);
  };
  const context = {
    input: held.input,
    key: held.key,
    log: work.log,
    answer: async () => undefined,
    refuse: (refusal: string, details: unknown): Refused => ({ kind: "refused", refusal, details }),
    abort: (why: string | Refused): never => {
      throw new Aborted(why);
    },
    step: (name: string, step: OutsideStep<Domain, unknown>) => recall(name, { kind: "outside", step }),
    local: (name: string, step: LocalStep<Domain, unknown>) => recall(name, { kind: "local", step }),
    pause: async (name: string) => void (await recallWait(recall, name)),
    waitFor: async (name: string) => await recallWait(recall, name),
  };
  await run.follow(() => saga.run(context as unknown as SagaContext as never));
  return known;
}

/** A wait gives its event again; one that had not ended holds the code where it was. */
async function recallWait(recall: (name: string) => Promise<unknown>, name: string): Promise<unknown> {
  const { event } = (await recall(name)) as { event?: { at: string; seq: string } | null };
  return event === null || event === undefined
    ? undefined
    : { ...event, at: new Date(event.at), seq: BigInt(event.seq) };
}

async function takeBack(stepping: Stepping, found: StepMemory, undoable: Undoable): Promise<void> {
  const { held, store, work, crashPoint } = stepping;
  const reason = held.reason ?? "";
  if (undoable.kind === "local") {
    const { undo } = undoable.step;
    const undone: StepMemory = { ...found, state: "undone", error: null };
    if (undo === undefined) return;
    await workLocally(
      work,
      `undo ${found.name}`,
      (context) => undo({ ...context, result: found.result, reason }),
      () => store.written(held, undone),
    );
    stepping.memory.keep(undone);
    return;
  }
  const { step } = undoable;
  const { undo } = step;
  if (undo === undefined) return;
  const result = found.state === "done" ? found.result : await clear(stepping, found, step);
  await workOutside(work, { name: `undo ${found.name}`, key: keyOf(held, `${found.name}:undo`) }, (context) =>
    undo({ ...context, result, reason }),
  );
  await crashPoint("saga:undo-answered");
  await keep(stepping, { ...(stepping.memory.of(found.name) ?? found), state: "undone", error: null });
}

/**
 * Learns what a step gave of which nobody knows whether it happened: asked again under its key, it says. Where even the
 * question is refused for good, only people can find out: what it throws then is definite.
 */
async function clear(stepping: Stepping, found: StepMemory, step: OutsideStep<Domain, unknown>): Promise<unknown> {
  const came = await attemptOutside(stepping, found, { ...step, attemptsMax: Number.POSITIVE_INFINITY });
  if (came.kind === "gave") return came.result;
  if (came.kind === "failed") throw came.cause;
  if (came.kind === "cut") throw came.error;
  throw new Error(`nobody knows yet whether "${found.name}" has happened: ${stepping.memory.of(found.name)?.error}`);
}

/** Attempts at taking a local step back: nobody else has to come back for it to succeed. */
const LOCAL_UNDO_MAX = 8;

async function afterFailure(
  stepping: Stepping,
  found: StepMemory,
  { error, failures }: { readonly error: unknown; readonly failures: number },
): Promise<BackEnd> {
  const { work, backoff } = stepping;
  work.log.warn("a step of a saga could not be taken back", { step: found.name, failures, error });
  const text = describe(error);
  const isHopeless = work.seams.isDefinite(error) || (found.kind === "local" && failures >= LOCAL_UNDO_MAX);
  if (isHopeless) return { kind: "stuck", why: `taking back "${found.name}": ${text}` };
  try {
    await keep(stepping, { ...(stepping.memory.of(found.name) ?? found), error: text });
  } catch (cut) {
    return { kind: "cut", error: cut };
  }
  return { kind: "again", inMs: waitAfter(failures, backoff) };
}
