import type { CallRules } from "./call-rules.ts";

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  /** How many were made, this one included. */
  readonly attempts: number;
  /** How long the other side asks to be left alone, in milliseconds, if it does. */
  readonly retryAfterMs: number | undefined;
  /** From 0 up to, but not including, 1. */
  readonly random: number;
}

/**
 * How long to wait before the next attempt, in milliseconds: any time up to a limit that doubles with each attempt
 * ("full jitter"), on top of what the other side asks for, so that not everybody comes back at that very moment. Pure.
 */
export function retryWaitMs(
  { backoffMs, backoffMaxMs }: CallRules,
  { attempts, retryAfterMs = 0, random }: FailedAttempt,
): number {
  return retryAfterMs + random * Math.min(backoffMaxMs, backoffMs * 2 ** (attempts - 1));
}
