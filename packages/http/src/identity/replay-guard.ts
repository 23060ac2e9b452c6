/** Remembers the tokens that were used, as long as they could be used again. */
export interface ReplayGuard {
  /** Takes note of a token; says `replayed` for one that was there before, and `full` when it cannot remember more. */
  readonly note: (id: string, nowMs: number) => "new" | "replayed" | "full";
}

/** How long and how much a guard remembers. */
export interface ReplayGuardOptions {
  /** Longest time for which a token is taken, in milliseconds. */
  readonly rememberMs: number;
  /** Tokens that are remembered at most; a token costs about 100 bytes. Default 500,000. */
  readonly idsMax?: number;
}

/**
 * Makes a guard with two generations: tokens of the running period and of the one before, so that forgetting costs
 * nothing. What is remembered is remembered for one to two periods. A guard that is full lets nobody in: to forget
 * early would be to let a stolen token pass.
 */
export function createReplayGuard({ rememberMs, idsMax = 500_000 }: ReplayGuardOptions): ReplayGuard {
  let running = new Set<string>();
  let before = new Set<string>();
  let endsAtMs = Number.NEGATIVE_INFINITY;
  return {
    note: (id, nowMs) => {
      if (nowMs >= endsAtMs) {
        // After a pause of two periods all of it is out of date.
        before = nowMs >= endsAtMs + rememberMs ? new Set() : running;
        running = new Set();
        endsAtMs = nowMs + rememberMs;
      }
      if (running.has(id) || before.has(id)) return "replayed";
      if (running.size + before.size >= idsMax) return "full";
      running.add(id);
      return "new";
    },
  };
}
