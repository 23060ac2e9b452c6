import type { Contender, DeliveryMode } from "./contender.ts";
import { nextKey, PUBLISHERS } from "./workload.ts";

/** What publishing came to. */
export interface Published {
  readonly events: number;
  readonly perSecond: number;
}

/** What publishing came to while it was delivered. */
export interface Delivered extends Published {
  /** Commits per second while publishing, before the rest was awaited. */
  readonly publishedPerSecond: number;
  /** Events that had not come when nothing came any more. */
  readonly missing: number;
}

/** What a contender is asked to do, in its own process. */
export interface Session {
  readonly publish: (options: { readonly durationMs: number }) => Promise<Published>;
  readonly startDelivery: (options: { readonly mode: DeliveryMode; readonly subscriptions: number }) => Promise<void>;
  readonly stopDelivery: () => Promise<void>;
  /** Publishes for that long and waits until all of it is handled; the rate is that of all until the last. */
  readonly deliver: (options: { readonly durationMs: number }) => Promise<Delivered>;
  /** Starts the delivery of what is there and waits until it is handled; delivery goes on. */
  readonly drain: (options: { readonly mode: DeliveryMode; readonly events: number }) => Promise<Delivered>;
  /** Publishes at an even pace and gives the milliseconds from sending each commit to the beginning of the handler. */
  readonly latencies: (options: { readonly durationMs: number; readonly perSecond: number }) => Promise<readonly number[]>;
  /** Waits until nothing has been handled for that long. */
  readonly quiet: (options: { readonly forMs: number }) => Promise<void>;
  readonly fill: Contender["fill"];
  readonly close: () => Promise<void>;
}

/** Nothing came for this long: nothing comes any more. In milliseconds. */
const STALLED_MS = 4_000;

/** Runs a contender. */
export function openSession(contender: Contender): Session {
  let counts: number[] = [];
  let lastMs = 0;
  let subscriptionsNow = 1;
  const sentAtMs = new Map<string, number>();
  const latencies: number[] = [];

  const handled = (subscription: number, key: string, version: number): void => {
    counts[subscription] = (counts[subscription] ?? 0) + 1;
    lastMs = performance.now();
    if (subscription > 0 || sentAtMs.size === 0) return;
    const sent = sentAtMs.get(`${key}:${version}`);
    if (sent !== undefined) latencies.push(lastMs - sent);
  };
  const slowest = (): number => Math.min(...Array.from({ length: subscriptionsNow }, (_, index) => counts[index] ?? 0));
  const begin = (): number => {
    counts = [];
    lastMs = performance.now();
    return lastMs;
  };
  const settled = async (events: number, sinceMs: number): Promise<Pick<Delivered, "perSecond" | "missing">> => {
    while (slowest() < events && performance.now() - lastMs < STALLED_MS) await sleep(2);
    return { perSecond: slowest() / ((lastMs - sinceMs) / 1_000), missing: Math.max(0, events - slowest()) };
  };
  const publish = async (durationMs: number): Promise<Published> => {
    const startMs = performance.now();
    let events = 0;
    const publisher = async (): Promise<void> => {
      while (performance.now() - startMs < durationMs) {
        await contender.publishOne(nextKey(), () => undefined);
        events += 1;
      }
    };
    await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
    return { events, perSecond: events / ((performance.now() - startMs) / 1_000) };
  };
  const startDelivery: Session["startDelivery"] = async ({ mode, subscriptions }) => {
    subscriptionsNow = subscriptions;
    begin();
    await contender.startDelivery({ mode, subscriptions, handled });
  };
  return {
    publish: ({ durationMs }) => publish(durationMs),
    startDelivery,
    stopDelivery: () => contender.stopDelivery(),
    deliver: async ({ durationMs }) => {
      const sinceMs = begin();
      const { events, perSecond } = await publish(durationMs);
      return { events, publishedPerSecond: perSecond, ...(await settled(events, sinceMs)) };
    },
    drain: async ({ mode, events }) => {
      const sinceMs = begin();
      await startDelivery({ mode, subscriptions: 1 });
      return { events, publishedPerSecond: 0, ...(await settled(events, sinceMs)) };
    },
    latencies: async ({ durationMs, perSecond }) => {
      const sinceMs = begin();
      const events = Math.round((durationMs / 1_000) * perSecond);
      latencies.length = 0;
      for (let sent = 0; sent < events; sent += 1) {
        await sleep(sinceMs + (sent * 1_000) / perSecond - performance.now());
        const key = nextKey();
        await contender.publishOne(key, (version) => sentAtMs.set(`${key}:${version}`, performance.now()));
      }
      await settled(events, sinceMs);
      sentAtMs.clear();
      return [...latencies];
    },
    quiet: async ({ forMs }) => {
      lastMs = performance.now();
      while (performance.now() - lastMs < forMs) await sleep(10);
    },
    fill: contender.fill,
    close: async () => await contender[Symbol.asyncDispose](),
  };
}

async function sleep(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}
