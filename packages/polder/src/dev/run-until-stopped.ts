import type { Host } from "@polder/runtime";

/** How long a stop waits for what is under way, in milliseconds. */
const STOP_MS = 25_000;

/** Waits until the process is asked to end, then stops the host: gracefully, at last hard. */
export async function runUntilStopped(
  host: Host,
  options: { readonly signal: AbortSignal; readonly hardSignal: AbortSignal },
): Promise<void> {
  const { signal, hardSignal } = options;
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await host.stop({ signal: AbortSignal.any([hardSignal, AbortSignal.timeout(STOP_MS)]) });
}
