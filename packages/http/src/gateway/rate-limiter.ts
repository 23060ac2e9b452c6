/** How often one caller may call. */
export interface RateLimit {
  /** Calls a second that go on for ever. Default 50. */
  readonly perSecond?: number;
  /** Calls at once, after a pause. Default twice as many as a second. */
  readonly burst?: number;
}

/** Counts calls by caller. */
export interface RateLimiter {
  /** Takes one call of a caller; gives 0, or how long to wait in milliseconds when there is none left. */
  readonly take: (caller: string, nowMs: number) => number;
}

/** Callers that are counted at most; a caller costs about 200 bytes. */
const CALLERS_MAX = 10_000;

/** Calls a second of one caller for which nothing else is said. */
const PER_SECOND = 50;

/**
 * Makes a token bucket for each caller: it holds `burst` calls and is filled with `perSecond` a second. When more
 * callers come than are counted, the one that has not called for longest is forgotten, as if its bucket were full.
 */
export function createRateLimiter(
  { perSecond = PER_SECOND, burst = 2 * perSecond }: RateLimit = {},
  { callersMax = CALLERS_MAX }: { readonly callersMax?: number } = {},
): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take: (caller, nowMs) => {
      const before = buckets.get(caller);
      const filled = before === undefined ? burst : before.calls + ((nowMs - before.atMs) * perSecond) / 1_000;
      const calls = Math.min(burst, filled);
      // Put in again at the end: the first one of the map is the one that has waited for longest.
      buckets.delete(caller);
      buckets.set(caller, { calls: calls >= 1 ? calls - 1 : calls, atMs: nowMs });
      const [oldest] = buckets.keys();
      if (buckets.size > callersMax && oldest !== undefined) buckets.delete(oldest);
      return calls >= 1 ? 0 : Math.max(1, Math.round(((1 - calls) * 1_000) / perSecond));
    },
  };
}

interface Bucket {
  readonly calls: number;
  readonly atMs: number;
}
