import type { Host } from "@polder/runtime";

/** How long a stop waits for what is under way, in milliseconds. */
const STOP_MS = 25_000;

/** How a host was asked to stop. */
export interface StopSignals {
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Aborts when it is asked a second time. */
  readonly hardSignal: AbortSignal;
}

/**
 * Waits until the process is asked to end, then stops the host: gracefully, and hard when asked a second time or
 * after 25 seconds. Gives the reason why it did not wait any longer, so that something may have been rolled back;
 * nothing when all came to its end.
 */
export async function runUntilStopped(host: Host, { signal, hardSignal }: StopSignals): Promise<string | undefined> {
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const impatient = AbortSignal.any([hardSignal, AbortSignal.timeout(STOP_MS)]);
  await host.stop({ signal: impatient });
  if (!impatient.aborted) return undefined;
  return hardSignal.aborted ? (hardSignal.reason as Error).message : `it took longer than ${STOP_MS / 1_000} seconds`;
}
