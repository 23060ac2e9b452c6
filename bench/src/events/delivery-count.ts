/** Counts what the handlers of a contender get. */
export interface DeliveryCount {
  /** To be called at the beginning of a handler, for each event. */
  readonly handled: (subscription: number, key: string, version: number) => void;
  /** Counts anew, for so many subscriptions; gives the time by the clock of `performance`. */
  readonly begin: (subscriptions?: number) => number;
  /** Waits until every subscription got so many events, or until nothing comes any more. */
  readonly settled: (events: number, sinceMs: number) => Promise<Settled>;
  /** Waits until nothing has come for that long. */
  readonly quiet: (forMs: number) => Promise<void>;
  /** Notes when the commit of an event is sent; its latency is noted when it is handled. */
  readonly sent: (key: string, version: number) => void;
  /** Gives the latencies since the last time, in milliseconds, and forgets them. */
  readonly takeLatencies: () => readonly number[];
}

/** What the slowest subscription got. */
export interface Settled {
  readonly perSecond: number;
  /** Events that had not come when nothing came any more. */
  readonly missing: number;
}

/** Nothing came for this long: nothing comes any more. More than any contender waits between two looks. In milliseconds. */
const STALLED_MS = 2_500;

/** Opens a count. */
export function openDeliveryCount(): DeliveryCount {
  const sentAtMs = new Map<string, number>();
  let latencies: number[] = [];
  let counts: number[] = [0];
  let lastMs = performance.now();
  const slowest = (): number => Math.min(...counts);
  return {
    handled: (subscription, key, version) => {
      counts[subscription] = (counts[subscription] ?? 0) + 1;
      lastMs = performance.now();
      if (subscription > 0 || sentAtMs.size === 0) return;
      const sent = sentAtMs.get(`${key}:${version}`);
      if (sent !== undefined) latencies.push(lastMs - sent);
    },
    begin: (subscriptions = counts.length) => {
      counts = Array.from({ length: subscriptions }, () => 0);
      lastMs = performance.now();
      return lastMs;
    },
    settled: async (events, sinceMs) => {
      while (slowest() < events && performance.now() - lastMs < STALLED_MS) await sleep(2);
      return { perSecond: slowest() / ((lastMs - sinceMs) / 1_000), missing: Math.max(0, events - slowest()) };
    },
    quiet: async (forMs) => {
      lastMs = performance.now();
      while (performance.now() - lastMs < forMs) await sleep(10);
    },
    sent: (key, version) => void sentAtMs.set(`${key}:${version}`, performance.now()),
    takeLatencies: () => {
      const taken = latencies;
      latencies = [];
      sentAtMs.clear();
      return taken;
    },
  };
}

/** Waits; not at all when there is nothing to wait for. */
export async function sleep(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}
