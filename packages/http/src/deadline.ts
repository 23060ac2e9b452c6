import { isPolderError, type PolderError } from "@polder/model";
import { httpErrors } from "./errors.ts";

/** A time that a call may take, and what ends it before. Disposing it stops the clock. */
export interface Deadline extends Disposable {
  /** Aborts with `CALL_DEADLINE_EXCEEDED`, or with the error of what ended the call before. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left; 0 when the deadline has passed. */
  readonly remainingMs: () => number;
  /** Waits for some work, and no longer than the deadline: the work itself may never end. */
  readonly race: <Result>(work: Promise<Result>) => Promise<Result>;
}

/** Whose deadline it is, how long, and what else may end it. */
export interface DeadlineOptions {
  readonly api: string;
  readonly operation: string;
  /** Milliseconds from now; 0 or less has passed already. At most 2,147,483,647: about 24 days. */
  readonly deadlineMs: number;
  /** Signals that end the call before its deadline. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** The longest time that a timer of Node takes. */
const TIMER_MS_MAX = 2_147_483_647;

/** Starts the clock of one call. */
export function startDeadline({ api, operation, deadlineMs, signals = [] }: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  // One promise for all races of a call: listeners of a signal cost more than most of what is raced against.
  const { promise: over, reject } = Promise.withResolvers<never>();
  over.catch(() => undefined);
  const end = (reason: PolderError): void => {
    controller.abort(reason);
    reject(signal.reason);
  };
  const timeMs = Math.min(Math.max(Number.isNaN(deadlineMs) ? 0 : deadlineMs, 0), TIMER_MS_MAX);
  const endsAt = performance.now() + timeMs;
  const exceed = () => end(exceeded({ api, operation, deadlineMs: timeMs }));
  const timer = timeMs > 0 ? setTimeout(exceed, timeMs) : undefined;
  if (timeMs === 0) exceed();
  const unfollow = signals.map((outer) => follow(outer, (reason) => end(ended(api, operation, reason))));
  return {
    signal,
    remainingMs: () => (signal.aborted ? 0 : Math.max(0, endsAt - performance.now())),
    race: (work) => Promise.race([work, over]),
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const stop of unfollow) stop();
    },
  };
}

function exceeded({ api, operation, deadlineMs }: { api: string; operation: string; deadlineMs: number }): PolderError {
  return httpErrors.CALL_DEADLINE_EXCEEDED(
    `The call of ${api}.${operation} was given up at its deadline, after ${Math.round(deadlineMs)} ms. It may have ` +
      "happened all the same: repeat a command with the same idempotency key, or give it a longer deadline.",
    { api, operation, deadlineMs: Math.round(deadlineMs) },
  );
}

/** An outer end that has a code (a deadline further out, a stop) keeps it; any other is the caller's own wish. */
function ended(api: string, operation: string, reason: unknown): PolderError {
  if (isPolderError(reason)) return reason;
  return httpErrors.CALL_ABORTED(
    `The call of ${api}.${operation} was given up by its caller. It may have happened all the same: repeat a ` +
      "command with the same idempotency key.",
    { api, operation },
    { cause: reason },
  );
}

function follow(outer: AbortSignal | undefined, onAbort: (reason: unknown) => void): () => void {
  if (outer === undefined) return () => undefined;
  if (outer.aborted) onAbort(outer.reason);
  const listener = () => onAbort(outer.reason);
  outer.addEventListener("abort", listener, { once: true });
  return () => outer.removeEventListener("abort", listener);
}

/** Waits for some work until a signal aborts, and throws its reason then: the work itself may never end. */
export async function raceAgainst<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  else signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([work, given]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
