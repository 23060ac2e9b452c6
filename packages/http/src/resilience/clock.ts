import { setTimeout as timer } from "node:timers/promises";

/** Time as resilient calls see it. Tests pass one of their own and move it. */
export interface Clock {
  /** Milliseconds since some moment; they never go back. */
  readonly nowMs: () => number;
  /** Waits that long; rejects with the signal's reason when it aborts before. */
  readonly wait: (durationMs: number, options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** The time of the machine, unmoved by whoever sets its clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wait: async (durationMs, { signal }) => {
    try {
      await timer(durationMs, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
