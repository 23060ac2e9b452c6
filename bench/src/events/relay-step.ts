import { percentile } from "../figure.ts";
import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";

/** How many old rows, and how many steps are timed. */
export interface RelayStepPlan {
  readonly rows: number;
  readonly steps: number;
}

/** Events that one step moves at most; as the relay's own. */
const STEP_EVENTS_MAX = 2_000;

/**
 * One step of the relay when the outbox is full of rows that were moved long ago and that nobody may clean up, because
 * a snapshot from before is still held. Half of the steps have one event to move, the others none.
 */
export async function measureRelayStep(arena: Arena, samples: Samples, plan: RelayStepPlan): Promise<void> {
  const holder = await arena.connect("polder-bus");
  const client = await arena.connect("polder-bus");
  const step = async (): Promise<{ readonly moved: number; readonly ms: number }> => {
    const startMs = performance.now();
    const { rows } = await client.query<{ moved: number }>({
      name: "step",
      text: "select moved from polder.relay_ordering($1)",
      values: [STEP_EVENTS_MAX],
    });
    return { moved: rows[0]?.moved ?? 0, ms: performance.now() - startMs };
  };
  try {
    await holder.query("begin isolation level repeatable read");
    await holder.query("select count(*) from ordering.aggregate");
    await arena.fill("polder-bus", { prefix: "old-", events: plan.rows });
    for (let moved = 1; moved > 0; ) ({ moved } = await step());
    const idle: number[] = [];
    const one: number[] = [];
    for (let number = 0; number < plan.steps; number += 1) {
      idle.push((await step()).ms);
      await arena.fill("polder-bus", { prefix: `step-${number}-`, events: 1 });
      one.push((await step()).ms);
    }
    for (const [name, times] of Object.entries({ idle, one })) {
      const sorted = times.toSorted((a, b) => a - b);
      samples.add(`relay-step.${name}.p50`, percentile(sorted, 0.5), "ms");
      samples.add(`relay-step.${name}.p99`, percentile(sorted, 0.99), "ms");
    }
    await holder.query("rollback");
  } finally {
    await client.end();
    await holder.end();
  }
}
