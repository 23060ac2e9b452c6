import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { DeliveryMode } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";

/** How long, how often. */
export interface RoundsPlan {
  readonly rounds: number;
  readonly durationMs: number;
  /** The round before the first one that counts: compilers and caches take their time. */
  readonly warmUpMs: number;
}

/** What is measured in a round, and the name of its figures. */
interface Item {
  readonly name: string;
  readonly measure: (arena: Arena, durationMs: number) => Promise<number>;
}

const items: readonly Item[] = [
  publishing("limit-pipelined"),
  publishing("polder-bus"),
  publishing("pg-boss"),
  publishing("graphile-worker"),
  publishing("emmett"),
  delivering("polder", { contender: "polder-bus", mode: "each" }),
  delivering("polder-batch", { contender: "polder-bus", mode: "batch" }),
  delivering("polder-runtime", { contender: "polder-runtime", mode: "each" }),
  delivering("pg-boss", { contender: "pg-boss", mode: "batch" }),
  delivering("graphile-worker", { contender: "graphile-worker", mode: "each" }),
  delivering("emmett", { contender: "emmett", mode: "each" }),
];

/** The limit is measured between any two others, for this part of their time. */
const LIMIT_PART = 0.4;

/** What a figure is called that is not a rate, but that rate by the limit's right before and after it. */
export function byLimit(name: string): string {
  return `${name}.by-limit`;
}

/**
 * The rates of all systems, interleaved. The hand-written transaction runs before and after each of them, and what they
 * reach is held against that: so it counts little that others use the machine as well, or that its disk has moods. The
 * first round warms up and does not count; every other one goes backwards, so that nobody always follows the same one.
 */
export async function measureRates(arena: Arena, samples: Samples, plan: RoundsPlan): Promise<void> {
  for (let round = 0; round <= plan.rounds; round += 1) {
    const durationMs = round === 0 ? plan.warmUpMs : plan.durationMs;
    let limitBefore = await measureLimit(arena, durationMs);
    for (const { name, measure } of round % 2 === 0 ? items : items.toReversed()) {
      const rate = await measure(arena, durationMs);
      const limitAfter = await measureLimit(arena, durationMs);
      if (round > 0) {
        samples.add(name, rate, "1/s");
        samples.add(byLimit(name), rate / ((limitBefore + limitAfter) / 2), "");
        samples.add("publish.limit", limitAfter, "1/s");
      }
      limitBefore = limitAfter;
    }
  }
}

async function measureLimit(arena: Arena, durationMs: number): Promise<number> {
  const session = await arena.session("limit");
  return (await session.publish({ durationMs: durationMs * LIMIT_PART })).perSecond;
}

/** Publishing alone: nothing relays, fetches or consumes meanwhile. What was published is worked off afterwards. */
function publishing(contender: ContenderName): Item {
  return {
    name: `publish.${contender}`,
    measure: async (arena, durationMs) => {
      const session = await arena.session(contender);
      const { events, perSecond } = await session.publish({ durationMs });
      if (contender !== "limit-pipelined") {
        await session.drain({ mode: "batch", events });
        await session.stopDelivery();
      }
      return perSecond;
    },
  };
}

/** Publishing and delivering at the same time, until the last event is handled. */
function delivering(name: string, way: { readonly contender: ContenderName; readonly mode: DeliveryMode }): Item {
  return {
    name: `delivered.${name}`,
    measure: async (arena, durationMs) => {
      const session = await arena.session(way.contender);
      await session.startDelivery({ mode: way.mode, subscriptions: 1 });
      // Whatever starting stirs up is over.
      await session.quiet({ forMs: 200 });
      const { perSecond } = await session.deliver({ durationMs });
      await session.stopDelivery();
      return perSecond;
    },
  };
}
