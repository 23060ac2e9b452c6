/** Says whether something is to be said again, so that what happens often is said now and then. */
export interface Rarely {
  /** Gives how often it has happened since it was said last, and was not said; nothing when it is not to be said now. */
  readonly times: (what: string) => number | undefined;
}

/** Things that are remembered at most; the one that was said longest ago is forgotten first. */
const THINGS_MAX = 500;

/** Lets each thing be said once in a time; `everyMs` is 60,000 unless it is said. */
export function rarely({ everyMs = 60_000 }: { readonly everyMs?: number } = {}): Rarely {
  const said = new Map<string, { readonly atMs: number; unsaid: number }>();
  return {
    times: (what) => {
      const nowMs = performance.now();
      const before = said.get(what);
      if (before !== undefined && nowMs - before.atMs < everyMs) {
        before.unsaid += 1;
        return undefined;
      }
      // Set anew, so that it is the last one of the map.
      said.delete(what);
      said.set(what, { atMs: nowMs, unsaid: 0 });
      const [oldest] = said.keys();
      if (said.size > THINGS_MAX && oldest !== undefined) said.delete(oldest);
      return before?.unsaid ?? 0;
    },
  };
}
