import type { Contender, DeliveryMode } from "./contender.ts";
import { openDeliveryCount, type Settled, sleep } from "./delivery-count.ts";
import { nextKey, PUBLISHERS } from "./workload.ts";

/** What publishing came to. */
export interface Published {
  readonly events: number;
  readonly perSecond: number;
}

/** What publishing came to while it was delivered. */
export interface Delivered extends Settled {
  readonly events: number;
  /** Commits per second while publishing, before the rest was awaited. */
  readonly publishedPerSecond: number;
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
  readonly latencies: (options: {
    readonly durationMs: number;
    readonly perSecond: number;
  }) => Promise<readonly number[]>;
  /** Waits until nothing has been handled for that long. */
  readonly quiet: (options: { readonly forMs: number }) => Promise<void>;
  readonly fill: Contender["fill"];
  readonly close: () => Promise<void>;
}

/** Runs a contender. */
export function openSession(contender: Contender): Session {
  const count = openDeliveryCount();
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
    count.begin(subscriptions);
    await contender.startDelivery({ mode, subscriptions, handled: count.handled });
  };
  return {
    publish: ({ durationMs }) => publish(durationMs),
    startDelivery,
    stopDelivery: () => contender.stopDelivery(),
    deliver: async ({ durationMs }) => {
      const sinceMs = count.begin();
      const { events, perSecond } = await publish(durationMs);
      return { events, publishedPerSecond: perSecond, ...(await count.settled(events, sinceMs)) };
    },
    drain: async ({ mode, events }) => {
      const sinceMs = performance.now();
      await startDelivery({ mode, subscriptions: 1 });
      return { events, publishedPerSecond: 0, ...(await count.settled(events, sinceMs)) };
    },
    latencies: async ({ durationMs, perSecond }) => {
      const sinceMs = count.begin();
      const events = Math.round((durationMs / 1_000) * perSecond);
      for (let sent = 0; sent < events; sent += 1) {
        await sleep(sinceMs + (sent * 1_000) / perSecond - performance.now());
        const key = nextKey();
        await contender.publishOne(key, (version) => count.sent(key, version));
      }
      await count.settled(events, sinceMs);
      return count.takeLatencies();
    },
    quiet: ({ forMs }) => count.quiet(forMs),
    fill: contender.fill,
    close: async () => await contender[Symbol.asyncDispose](),
  };
}
