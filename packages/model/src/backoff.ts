/** Between which bounds the waits of repeated attempts grow. */
export interface Backoff {
  /** Wait after the first failed attempt, in milliseconds; doubles with each further one. */
  readonly backoffMs: number;
  /** Longest wait, in milliseconds. */
  readonly backoffMaxMs: number;
  /** Gives numbers from 0 to 1. */
  readonly random: () => number;
}

/**
 * The wait after the n-th failed attempt, in milliseconds: exponential with jitter. It lies between half and all of the
 * doubled wait, so that what failed together does not come back together.
 */
export function waitAfter(attempt: number, { backoffMs, backoffMaxMs, random }: Backoff): number {
  // Beyond 2^30 the product would leave the range of exact numbers; it is capped long before.
  const fullMs = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(30, attempt - 1));
  return fullMs * (0.5 + random() / 2);
}
