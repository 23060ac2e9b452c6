import { type Backoff, waitAfter } from "@polder/model";
import type { Retry } from "./parking.ts";

/** Says what follows the n-th failed attempt. */
export type RetryPolicy = (attempt: number) => Retry;

/** Waits longer after each failed attempt, and gives up after the last. */
export function retryPolicy({ attemptsMax, ...backoff }: Backoff & { readonly attemptsMax: number }): RetryPolicy {
  return (attempt) => (attempt >= attemptsMax ? { dead: true } : { inMs: waitAfter(attempt, backoff) });
}
