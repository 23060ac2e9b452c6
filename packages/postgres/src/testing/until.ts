import { setTimeout as wait } from "node:timers/promises";

/** Looks again and again until something holds, at most for the time of a test. For states that nobody signals, such as a row in a table. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  what: string,
  limitMs: number = 20_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await wait(10);
  }
}
