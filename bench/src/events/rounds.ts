import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { DeliveryMode } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";

/** How long, how often. */
export interface RoundsPlan {
  readonly rounds: number;
  readonly durationMs: number;
}

/** A way of delivering that is measured, and the name of its figures. */
interface Delivering {
  readonly name: string;
  readonly contender: ContenderName;
  readonly mode: DeliveryMode;
}

/** Publishing alone: nothing relays, fetches or consumes meanwhile. */
const publishing: readonly ContenderName[] = [
  "limit",
  "limit-pipelined",
  "polder-bus",
  "pg-boss",
  "graphile-worker",
  "emmett",
];

/** Publishing and delivering at the same time. */
const delivering: readonly Delivering[] = [
  { name: "polder", contender: "polder-bus", mode: "each" },
  { name: "polder-batch", contender: "polder-bus", mode: "batch" },
  { name: "polder-runtime", contender: "polder-runtime", mode: "each" },
  { name: "pg-boss", contender: "pg-boss", mode: "batch" },
  { name: "graphile-worker", contender: "graphile-worker", mode: "each" },
  { name: "emmett", contender: "emmett", mode: "each" },
];

/** Peers whose backlogs are worked off between the rounds. */
const drained: readonly ContenderName[] = ["polder-bus", "pg-boss", "graphile-worker", "emmett"];

/**
 * The rates of all systems, interleaved: in each round every one publishes alone, then publishes while it delivers. The
 * first round warms up and does not count. Every other round goes backwards, so that nobody always follows the same one.
 */
export async function measureRates(arena: Arena, samples: Samples, plan: RoundsPlan): Promise<void> {
  for (let round = 0; round <= plan.rounds; round += 1) {
    const counts = round > 0;
    for (const contender of turned(publishing, round)) {
      const session = await arena.session(contender);
      const { events, perSecond } = await session.publish({ durationMs: plan.durationMs });
      if (counts) samples.add(`publish.${contender}`, perSecond, "1/s");
      if (drained.includes(contender)) {
        await session.drain({ mode: "batch", events });
        await session.stopDelivery();
      }
    }
    for (const { name, contender, mode } of turned(delivering, round)) {
      const session = await arena.session(contender);
      await session.startDelivery({ mode, subscriptions: 1 });
      const { perSecond } = await session.deliver({ durationMs: plan.durationMs });
      await session.stopDelivery();
      if (counts) samples.add(`delivered.${name}`, perSecond, "1/s");
    }
  }
}

function turned<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? items : items.toReversed();
}
