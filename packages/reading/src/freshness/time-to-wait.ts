/** A time that is waited at most. Disposing it ends all waits. */
export interface TimeToWait extends Disposable {
  /** Aborts when the time is over, or with the reason of the outer signal. */
  readonly signal: AbortSignal;
  /** Is this what waits end with when the time is over? */
  readonly isOver: (error: unknown) => boolean;
}

/** Starts the time. */
export function timeToWait(waitMs: number, outer: AbortSignal): TimeToWait {
  const controller = new AbortController();
  const over = new Error("the time to wait is over");
  const timer = setTimeout(() => controller.abort(over), Math.max(0, waitMs));
  const end = (): void => controller.abort(outer.reason);
  if (outer.aborted) end();
  else outer.addEventListener("abort", end, { once: true });
  return {
    signal: controller.signal,
    isOver: (error) => error === over,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      outer.removeEventListener("abort", end);
      controller.abort(over);
    },
  };
}
