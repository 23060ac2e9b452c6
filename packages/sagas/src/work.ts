import type { Domain, Logger, OutsideStepContext, Transaction } from "@polder/model";
import {
  type Database,
  isInfrastructureError,
  isWorthRepeating,
  type OpenTransaction,
  type Statement,
  sqlState,
} from "@polder/postgres";
import { sagaErrors } from "./errors.ts";
import { SAGA_LOST_STATE, SagaLost } from "./store.ts";

/** What a local step works with, and what it leaves to be sent with the commit. */
export interface LocalWork {
  readonly tx: Transaction;
  /** The statements that write what was published and started; ends publishing. */
  readonly last: () => Promise<readonly Statement[]>;
  /** To be called when it has happened. */
  readonly committed: () => void;
}

/** What the host lends to the steps of a domain's sagas. */
export interface SagaSeams {
  /** Gives a domain's calls, bound to a step's time. */
  readonly call: (signal: AbortSignal, remainingMs: () => number) => OutsideStepContext<Domain>["call"];
  readonly local: (transaction: OpenTransaction) => LocalWork;
  /** Says of a failure that its attempt has done nothing, and that trying again is in vain. */
  readonly isDefinite: (error: unknown) => boolean;
  /** Runs a step in a span of its saga's trace. */
  readonly trace: <Result>(name: string, run: () => Promise<Result>) => Promise<Result>;
}

/** What steps run with. */
export interface WorkOptions {
  readonly database: Database;
  readonly seams: SagaSeams;
  readonly timeoutMs: number;
  /** Aborts when the process stops hard, or the saga has another owner. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** A transaction that lost against another one is run again so often. */
const REPETITIONS_MAX = 5;

/** Runs one attempt at work outside the database. */
export async function workOutside<Result>(
  { seams, timeoutMs, signal, log }: WorkOptions,
  step: { readonly name: string; readonly key: string },
  run: (context: OutsideStepContext<Domain>) => Promise<Result>,
): Promise<Result> {
  const endsAt = performance.now() + timeoutMs;
  const remainingMs = (): number => Math.max(0, endsAt - performance.now());
  return await seams.trace(step.name, () =>
    within({ step: step.name, timeoutMs, signal }, (bound) =>
      run({ call: seams.call(bound, remainingMs), key: step.key, signal: bound, log }),
    ),
  );
}

/** Runs work in the domain's own tables; `remember` says what is to be committed with it. */
export async function workLocally<Result>(
  { database, seams, timeoutMs, signal, log }: WorkOptions,
  name: string,
  run: (context: { readonly tx: Transaction; readonly signal: AbortSignal; readonly log: Logger }) => Promise<Result>,
  remember: (result: Result) => readonly Statement[],
): Promise<Result> {
  for (let repetition = 0; ; repetition += 1) {
    const transaction = database.begin();
    try {
      return await seams.trace(name, async () => {
        const work = seams.local(transaction);
        const result = await within({ step: name, timeoutMs, signal }, (bound) =>
          run({ tx: work.tx, signal: bound, log }),
        );
        await transaction.commit([...(await work.last()), ...remember(result)]);
        work.committed();
        return result;
      });
    } catch (error) {
      const broken = signal.aborted || hasCode(error, "SAGA_STEP_TIMED_OUT");
      await transaction.rollback(broken && error instanceof Error ? error : undefined);
      if (sqlState(error) === SAGA_LOST_STATE) throw new SagaLost("another process has the saga", { cause: error });
      if (!isWorthRepeating(error) || repetition >= REPETITIONS_MAX || isInfrastructureError(error)) throw error;
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && Reflect.get(error, "code") === code;
}

async function within<Result>(
  { step, timeoutMs, signal }: { readonly step: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  run: (bound: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    controller.abort(reason);
    reject(reason);
  };
  const stop = (): void => end(signal.reason);
  const timer = setTimeout(
    () =>
      end(
        sagaErrors.SAGA_STEP_TIMED_OUT(
          `The step "${step}" took longer than ${timeoutMs} ms and was given up; it is tried again. Make it faster, or raise stepTimeoutMs.`,
          { step, timeoutMs },
        ),
      ),
    timeoutMs,
  );
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([run(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
