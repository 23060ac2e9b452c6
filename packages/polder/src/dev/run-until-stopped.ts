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
 * after 25 seconds. Says whether it was hard, so that something may have been rolled back.
 */
export async function runUntilStopped(host: Host, { signal, hardSignal }: StopSignals): Promise<{ hard: boolean }> {
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const timeout = AbortSignal.timeout(STOP_MS);
  const impatient = AbortSignal.any([hardSignal, timeout]);
  await host.stop({ signal: impatient });
  return { hard: impatient.aborted };
}
