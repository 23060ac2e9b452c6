import type { CallRules } from "./call-rules.ts";
import type { Clock } from "./clock.ts";

/** Counts how calls to a domain end, and says when that is too bad to go on. */
export interface FailureCount {
  readonly success: () => void;
  /** Counts a failure; true when the circuit is to open. */
  readonly failure: () => boolean;
  /** Forgets everything. */
  readonly reset: () => void;
}

/** Parts of the window: what is older is forgotten a part at a time. */
const BUCKETS = 10;

interface Bucket {
  readonly turn: number;
  readonly successes: number;
  readonly failures: number;
}

/**
 * Makes a count of failures in a row, and of their share among the calls of a sliding window. The window moves on in
 * tenths, so it looks back by nine tenths of its length at least.
 */
export function createFailureCount(rules: CallRules, clock: Clock): FailureCount {
  let inARow = 0;
  let buckets: readonly Bucket[] = [];
  const count = (isFailure: boolean): void => {
    const turn = Math.floor((clock.nowMs() * BUCKETS) / rules.windowMs);
    const living = buckets.filter((bucket) => bucket.turn > turn - BUCKETS);
    const last = living.at(-1);
    const now = last?.turn === turn ? last : { turn, successes: 0, failures: 0 };
    const before = last?.turn === turn ? living.slice(0, -1) : living;
    const counted = isFailure ? { failures: now.failures + 1 } : { successes: now.successes + 1 };
    buckets = [...before, { ...now, ...counted }];
  };
  const isTooBad = (): boolean => {
    if (inARow >= rules.failuresMax) return true;
    const failures = sum(buckets.map((bucket) => bucket.failures));
    const calls = failures + sum(buckets.map((bucket) => bucket.successes));
    return calls >= rules.windowCallsMin && failures >= rules.failureRateMax * calls;
  };
  return {
    success: () => {
      inARow = 0;
      count(false);
    },
    failure: () => {
      inARow += 1;
      count(true);
      return isTooBad();
    },
    reset: () => {
      inARow = 0;
      buckets = [];
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
