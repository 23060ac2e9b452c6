import { setTimeout as pause } from "node:timers/promises";

/** How often it is asked whether all is done, in milliseconds. */
const ASK_MS = 25;

/**
 * Asks again and again what is left to be done, until nothing is. For what nobody signals, such as the moment
 * when the news has reached every domain.
 *
 * @throws with what is left when the time is up (default 30 seconds), or the signal's reason.
 */
export async function untilDone(
  left: () => Promise<readonly string[]>,
  { timeoutMs = 30_000, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (true) {
    signal?.throwIfAborted();
    const now = await left();
    if (now.length === 0) return;
    if (performance.now() > untilMs)
      throw new Error(`still left after ${timeoutMs} ms:\n${now.slice(0, 20).join("\n")}`);
    await pause(ASK_MS);
  }
}
