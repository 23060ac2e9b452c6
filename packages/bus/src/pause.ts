/** A pause in a loop that others can cut short. */
export interface Pause {
  /** Waits that long, or until woken if it is interruptible, or until the loop is to stop. A wake that came before counts. */
  readonly for: (durationMs: number, options: { readonly interruptible: boolean }) => Promise<void>;
  readonly wake: () => void;
  /** Makes the wakes so far count no more: what they were about is being done. */
  readonly forget: () => void;
}

/** Makes the pause of one loop; it never lasts beyond the abort of `signal`. */
export function pauseFor(signal: AbortSignal): Pause {
  let woken = false;
  let end: (() => void) | undefined;
  let interruptibleNow = false;
  signal.addEventListener("abort", () => end?.(), { once: true });
  return {
    for: async (durationMs, { interruptible }) => {
      if (signal.aborted) return;
      if (interruptible && woken) {
        woken = false;
        return;
      }
      interruptibleNow = interruptible;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, durationMs);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      end = undefined;
      if (interruptible) woken = false;
    },
    forget: () => {
      woken = false;
    },
    wake: () => {
      woken = true;
      if (interruptibleNow) end?.();
    },
  };
}
