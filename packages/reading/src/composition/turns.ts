/** Runs work when its turn comes, in the order in which it was asked for. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Lets some work run at once and all other wait. Each work must come to an end, since the next waits for it. */
export function takingTurns(concurrentMax: number): InTurn {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < concurrentMax) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A turn is handed on, so that nobody comes in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
