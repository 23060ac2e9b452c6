import { setTimeout as delay } from "node:timers/promises";

/** How a wait is bounded. */
export interface PollLimits {
  /** Pause between two questions, in milliseconds. */
  readonly everyMs: number;
  /** When to give up, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the wait with the signal's reason; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks until there is an answer, or gives undefined when time is up.
 *
 * For what no signal tells of: the end of a process that is not our child, a file that another
 * process writes.
 */
export async function poll<Answer>(
  ask: () => Answer | undefined | Promise<Answer | undefined>,
  { everyMs, timeoutMs, signal }: PollLimits,
): Promise<Answer | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) return undefined;
    // Aborting ends the pause early; the next turn throws the signal's own reason.
    await delay(everyMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
