/** How long a state may take to come about, in milliseconds: less than a test may. */
const UNTIL_MS_MAX = 20_000;

/** Asks again and again until something holds: for states that nobody signals, such as the answer of a server. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const endsAt = performance.now() + UNTIL_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`It never came about that ${what}.`);
    // Sockets and timers get their turn.
    await new Promise(setImmediate);
  }
}
