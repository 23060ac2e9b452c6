import type { Retry } from "./parking.ts";

/** Says what follows the n-th failed attempt. */
export type RetryPolicy = (attempt: number) => Retry;

/**
 * Exponential backoff with jitter: the wait doubles with each attempt and lies between half and all of that,
 * so that events which failed together do not come back together.
 */
export function retryPolicy(options: {
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly random: () => number;
}): RetryPolicy {
  const { attemptsMax, backoffMs, backoffMaxMs, random } = options;
  return (attempt) => {
    if (attempt >= attemptsMax) return { dead: true };
    // Beyond 2^30 the product would leave the range of exact numbers; it is capped long before.
    const fullMs = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(30, attempt - 1));
    return { inMs: fullMs * (0.5 + random() / 2) };
  };
}
