/** How far one run of a saga's code came. */
export type RunEnd =
  | { readonly kind: "finished" }
  /** It can do nothing more now; after that time it may. */
  | { readonly kind: "paused"; readonly inMs: number; readonly failed: boolean }
  /** The code threw, or a step failed for good and nobody caught it. */
  | { readonly kind: "threw"; readonly error: unknown }
  /** The database is in trouble, the process stops, or somebody else has the saga. */
  | { readonly kind: "cut"; readonly error: unknown };

/** Follows one run of a saga's code, which may wait for several steps at once. */
export interface Run {
  /** Does a piece of work for a step. Gives nothing back when the run has been cut or set aside meanwhile. */
  readonly during: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** A step cannot go on before that time. Never resolves: the code is run anew then. */
  readonly pause: (inMs: number, options?: { readonly failed: boolean }) => Promise<never>;
  /** Ends the run at once, whatever the code still does. Never resolves. */
  readonly cut: (error: unknown) => Promise<never>;
  /** Runs the code; resolves when it has ended or can do nothing more, and no step is under way. */
  readonly follow: (code: () => Promise<void>) => Promise<RunEnd>;
}

/**
 * Makes a run. It is over when the code has ended, or when every step that it waits for has paused: then the rest of the
 * code is left lying, and no further step of it counts. Code that waits for anything else than a step is told by `hung`.
 */
export function openRun({ hangMs, hung }: { readonly hangMs: number; readonly hung: () => unknown }): Run {
  const never = new Promise<never>(() => undefined);
  const { promise: over, resolve } = Promise.withResolvers<RunEnd>();
  let isOver = false;
  let active = 0;
  let pausedMs: number | undefined;
  let hasFailed = false;
  let ended: RunEnd | undefined;
  let watch: NodeJS.Timeout | undefined;
  const end = (how: RunEnd): void => {
    isOver = true;
    clearTimeout(watch);
    resolve(how);
  };
  // Whoever waited for a step has gone on to the next one by then.
  const look = (): void => {
    setImmediate(() => {
      if (isOver || active > 0) return;
      if (ended !== undefined) end(ended);
      else if (pausedMs !== undefined) end({ kind: "paused", inMs: pausedMs, failed: hasFailed });
    });
  };
  return {
    during: async (work) => {
      if (isOver) return await never;
      active += 1;
      watch?.refresh();
      try {
        const result = await work();
        return isOver ? await never : result;
      } finally {
        active -= 1;
        look();
      }
    },
    pause: (inMs, { failed } = { failed: false }) => {
      pausedMs = Math.min(pausedMs ?? Number.POSITIVE_INFINITY, inMs);
      hasFailed ||= failed;
      look();
      return never;
    },
    cut: (error) => {
      if (!isOver) end({ kind: "cut", error });
      return never;
    },
    follow: async (code) => {
      watch = setTimeout(() => {
        if (active > 0) watch?.refresh();
        else if (!isOver) end({ kind: "threw", error: hung() });
      }, hangMs);
      code().then(
        () => {
          ended = { kind: "finished" };
          look();
        },
        (error: unknown) => {
          ended = { kind: "threw", error };
          look();
        },
      );
      return await over;
    },
  };
}
