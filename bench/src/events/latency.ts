import { percentile } from "../figure.ts";
import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { ContenderName } from "./contenders.ts";

/** How long one slice lasts, and how many there are. */
export interface LatencyPlan {
  readonly slices: number;
  readonly durationMs: number;
}

/** Events published in a second, evenly. */
const PER_SECOND = 50;

const contenders: readonly ContenderName[] = ["notify", "polder-runtime", "pg-boss", "graphile-worker", "emmett"];

/** From sending the commit to the beginning of the handler, at an even and low rate; in turns, slice by slice. */
export async function measureLatency(arena: Arena, samples: Samples, plan: LatencyPlan): Promise<void> {
  const found = new Map<ContenderName, number[]>();
  for (let slice = 0; slice < plan.slices; slice += 1) {
    for (const contender of contenders) {
      const session = await arena.session(contender);
      await session.startDelivery({ mode: "each", subscriptions: 1 });
      // Whatever starting stirs up is over.
      await session.quiet({ forMs: 300 });
      const latencies = await session.latencies({ durationMs: plan.durationMs, perSecond: PER_SECOND });
      await session.stopDelivery();
      const sorted = latencies.toSorted((a, b) => a - b);
      samples.add(`latency.p50.${contender}`, percentile(sorted, 0.5), "ms");
      found.set(contender, [...(found.get(contender) ?? []), ...latencies]);
    }
  }
  // The tail needs all slices together.
  for (const [contender, latencies] of found) {
    const sorted = latencies.toSorted((a, b) => a - b);
    samples.add(`latency.p99.${contender}`, percentile(sorted, 0.99), "ms");
  }
}
