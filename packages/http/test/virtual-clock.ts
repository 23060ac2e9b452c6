import type { Clock } from "../src/index.ts";

/** A clock that the test moves. */
export interface VirtualClock extends Clock {
  /** Moves the time, and ends the waits that are over by then. */
  readonly advance: (ms: number) => void;
}

/** Makes a clock that stands still until it is moved. With `runsAhead`, whoever waits moves it to where it wants. */
export function virtualClock({ runsAhead = false }: { readonly runsAhead?: boolean } = {}): VirtualClock {
  let nowMs = 1_000;
  const waiting = new Set<{ readonly untilMs: number; readonly end: () => void }>();
  const advance = (ms: number): void => {
    nowMs += ms;
    for (const wait of waiting) {
      if (wait.untilMs > nowMs) continue;
      waiting.delete(wait);
      wait.end();
    }
  };
  return {
    nowMs: () => nowMs,
    advance,
    wait: async (durationMs, { signal }) => {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.add({ untilMs: nowMs + durationMs, end: resolve });
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (runsAhead) advance(durationMs);
      await promise;
    },
  };
}
