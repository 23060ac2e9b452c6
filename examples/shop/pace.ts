import { setTimeout as pause } from "node:timers/promises";

/** What was missed is made up for, but no more than this: after a long stop nobody storms the shop. */
const CATCH_UP_MAX_MS = 1_000;
/** How often a rate of 0 is looked at again. */
const STOPPED_MS = 100;

/** Gives a function that waits for the next turn, so many times a second. When the signal aborts, it returns at once. */
export function pace(perSecond: number | (() => number), signal: AbortSignal): () => Promise<void> {
  let turnMs = performance.now();
  return async () => {
    let rate = typeof perSecond === "function" ? perSecond() : perSecond;
    while (rate <= 0 && !signal.aborted) {
      await wait(STOPPED_MS, signal);
      rate = typeof perSecond === "function" ? perSecond() : perSecond;
    }
    turnMs = Math.max(turnMs + 1_000 / rate, performance.now() - CATCH_UP_MAX_MS);
    await wait(turnMs - performance.now(), signal);
  };
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  // The one error of a pause is the abort, which whoever asked looks at by themselves.
  if (ms > 0) await pause(ms, undefined, { signal }).catch(() => undefined);
}
