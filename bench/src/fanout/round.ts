import { percentile } from "../figure.ts";
import { costWithChildren } from "../process-cost.ts";
import type { Samples } from "../samples.ts";
import { type AtWork, type Crew, startConsumers } from "./crew.ts";
import { databasesOf, type Layout, nameOf } from "./layout.ts";
import { walBytes } from "./written.ts";

/** How long the parts of a round last, in milliseconds. */
export interface RoundPlan {
  readonly durationMs: number;
  readonly lagMs: number;
}

/** Events a second while the lag is measured: far from what any layout bears. */
const LAG_PER_SECOND = 50;

/** One round of one layout: as fast as it goes, then at an even pace. Without samples it only warms up. */
export async function measureLayout(crew: Crew, layout: Layout, plan: RoundPlan, samples?: Samples): Promise<void> {
  await crew.publisher.ask("open", { databases: layout.databases });
  await crew.publisher.ask("startRelay");
  {
    await using working = await startConsumers(crew, layout);
    await measureRate({ crew, layout, working, samples }, plan.durationMs);
    await measureLag({ crew, layout, working, samples }, plan.lagMs);
  }
  await crew.publisher.ask("leave");
}

interface Parts {
  readonly crew: Crew;
  readonly layout: Layout;
  readonly working: AtWork;
  readonly samples: Samples | undefined;
}

async function measureRate({ crew, layout, working, samples }: Parts, durationMs: number): Promise<void> {
  const admin = crew.admin(databasesOf(layout.databases).ordering);
  const before = { wal: await walBytes(admin), cpuMs: (await costWithChildren(crew.server.pid)).cpuMs };
  await working.begin();
  const { events, sinceMs } = await crew.publisher.ask("publish", { durationMs });
  const { slowest, deliveries, lastMs, cpuMs } = await working.settled(events);
  const after = { wal: await walBytes(admin), cpuMs: (await costWithChildren(crew.server.pid)).cpuMs };
  const seconds = (lastMs - sinceMs) / 1_000;
  const name = nameOf(layout);
  samples?.add(`slowest.${name}`, slowest / seconds, "1/s");
  samples?.add(`deliveries.${name}`, deliveries / seconds, "1/s");
  samples?.add(`wal.${name}`, (after.wal - before.wal) / events, "B an event");
  samples?.add(`cpu.consumers.${name}`, (1_000 * cpuMs) / deliveries, "µs a delivery");
  samples?.add(`cpu.postgres.${name}`, (1_000 * (after.cpuMs - before.cpuMs)) / deliveries, "µs a delivery");
}

async function measureLag({ crew, layout, working, samples }: Parts, durationMs: number): Promise<void> {
  await working.begin();
  const { events } = await crew.publisher.ask("pace", { durationMs, perSecond: LAG_PER_SECOND });
  await working.settled(events);
  const lags = (await Promise.all(working.consumers.map((consumer) => consumer.ask("lags")))).flat();
  const sorted = lags.toSorted((a, b) => a - b);
  samples?.add(`lag.p50.${nameOf(layout)}`, percentile(sorted, 0.5), "ms");
  samples?.add(`lag.p99.${nameOf(layout)}`, percentile(sorted, 0.99), "ms");
}
