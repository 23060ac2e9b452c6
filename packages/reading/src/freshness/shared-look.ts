import { pauseFor } from "@polder/bus";
import { isInfrastructureError } from "@polder/postgres";

/** What is looked for, how, and when it is worth to look again. */
export interface SharedLookOptions<Asked, Found> {
  /** Looks for all of these at once, and gives what it found of each. */
  readonly look: (asked: readonly Asked[]) => Promise<readonly Found[]>;
  readonly isEnough: (found: Found) => boolean;
  /** Calls a listener when another look may find more, while somebody waits; gives the way to stop. Default: nobody does. */
  readonly onNews?: (listener: () => void) => () => void;
}

/** Looks again and again for what any number of callers wait for. */
export interface SharedLook<Asked, Found> {
  /**
   * Waits until what a look has found is enough; the first look is made at once. `seen` is told what each has found.
   * While the database is in trouble the wait goes on.
   *
   * @throws the signal's reason when it aborts, and what a look has failed with for any other reason.
   */
  readonly wait: (asked: Asked, signal: AbortSignal, seen: (found: Found) => void) => Promise<Found>;
  /** Says that another look may find more. */
  readonly news: () => void;
  /** What the last look has failed with, if it has. */
  readonly failure: () => unknown;
}

/** The shortest and the longest pause between two looks when nobody says that there is news, in milliseconds; it doubles. */
const PAUSE_MS = { min: 5, max: 50 } as const;
/** Between any two looks at least, in milliseconds, however much news there is. */
const GAP_MS = 2;
/** What one look looks for at most; the others have their turn with the next one. */
const ASKED_MAX = 500;

interface Waiter<Asked, Found> {
  readonly asked: Asked;
  readonly seen: (found: Found) => void;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/** What the loop of looks works with. */
interface Looking<Asked, Found> extends Pick<SharedLookOptions<Asked, Found>, "look" | "isEnough"> {
  /** Who has waited the longest for a look comes first. */
  readonly waiters: Set<Waiter<Asked, Found>>;
  failure: unknown;
}

/**
 * Shares looks among all who wait: there is one at a time, for everybody. So the load does not grow with those who wait,
 * and without anybody there is none.
 */
export function sharedLook<Asked, Found>(options: SharedLookOptions<Asked, Found>): SharedLook<Asked, Found> {
  const { onNews = () => () => undefined } = options;
  const looking: Looking<Asked, Found> = { ...options, waiters: new Set(), failure: undefined };
  const { waiters } = looking;
  const pause = pauseFor(new AbortController().signal);
  let isLooking = false;
  let pauseMs: number = PAUSE_MS.min;

  const run = async (): Promise<void> => {
    const ignore = onNews(pause.wake);
    // So that all who begin to wait in this turn are looked for together.
    await Promise.resolve();
    while (waiters.size > 0) {
      // What is news from now on may be too new for this look.
      pause.forget();
      const some = [...waiters].slice(0, ASKED_MAX);
      await lookFor(looking, some);
      if (waiters.size === 0) break;
      await pause.for(GAP_MS, { interruptible: false });
      if (waiters.size > some.length) continue;
      await pause.for(pauseMs, { interruptible: true });
      pauseMs = Math.min(PAUSE_MS.max, pauseMs * 2);
    }
    ignore();
    isLooking = false;
  };

  return {
    wait: async (asked, signal, seen) => {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<Found>();
      const waiter = { asked, seen, resolve, reject };
      const giveUp = (): void => reject(signal.reason);
      signal.addEventListener("abort", giveUp, { once: true });
      waiters.add(waiter);
      pauseMs = PAUSE_MS.min;
      pause.wake();
      if (!isLooking) {
        isLooking = true;
        void run();
      }
      try {
        return await promise;
      } finally {
        waiters.delete(waiter);
        signal.removeEventListener("abort", giveUp);
      }
    },
    news: pause.wake,
    failure: () => looking.failure,
  };
}

async function lookFor<Asked, Found>(
  looking: Looking<Asked, Found>,
  some: readonly Waiter<Asked, Found>[],
): Promise<void> {
  try {
    const found = await looking.look(some.map(({ asked }) => asked));
    looking.failure = undefined;
    for (const [index, waiter] of some.entries()) settle(looking, waiter, found[index]);
  } catch (error) {
    looking.failure = error;
    if (isInfrastructureError(error)) return;
    for (const waiter of some) {
      looking.waiters.delete(waiter);
      waiter.reject(error);
    }
  }
}

function settle<Asked, Found>(
  { waiters, isEnough }: Looking<Asked, Found>,
  waiter: Waiter<Asked, Found>,
  found: Found | undefined,
): void {
  // Somebody may have given up meanwhile.
  if (found === undefined || !waiters.delete(waiter)) return;
  waiter.seen(found);
  if (isEnough(found)) waiter.resolve(found);
  // At the end of the queue.
  else waiters.add(waiter);
}
