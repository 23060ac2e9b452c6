import { setTimeout as wait } from "node:timers/promises";

/** Waits that long; throws the reason of a signal that aborts meanwhile. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}
