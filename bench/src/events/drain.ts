import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { DeliveryMode } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";

/** How large, how often. */
export interface DrainPlan {
  readonly events: number;
  /** For whatever handles one by one and does not need the whole backlog to show its rate. */
  readonly eventsOneByOne: number;
  readonly repetitions: number;
}

/** On a machine that is busy otherwise, one repetition is all there is time for. In milliseconds. */
const REPEAT_BEFORE_MS = 60_000;

interface Drain {
  readonly name: string;
  readonly contender: ContenderName;
  readonly mode: DeliveryMode;
  readonly size: "events" | "eventsOneByOne";
}

const drains: readonly Drain[] = [
  { name: "polder", contender: "polder-runtime", mode: "each", size: "eventsOneByOne" },
  { name: "polder-batch", contender: "polder-runtime", mode: "batch", size: "events" },
  { name: "graphile-worker", contender: "graphile-worker", mode: "each", size: "events" },
];

/** Works off a backlog that was there before the consumer: with Polder that is outbox, relay, log and handler. */
export async function measureDrain(arena: Arena, samples: Samples, plan: DrainPlan): Promise<void> {
  const beginMs = performance.now();
  for (let repetition = 0; repetition < plan.repetitions; repetition += 1) {
    if (performance.now() - beginMs > REPEAT_BEFORE_MS) return;
    for (const { name, contender, mode, size } of drains) {
      const events = plan[size];
      await arena.fill(contender, { prefix: `drain-${name}-${repetition}-`, events });
      const session = await arena.session(contender);
      const { perSecond } = await session.drain({ mode, events });
      await session.stopDelivery();
      samples.add(`drain.${name}`, perSecond, "1/s");
    }
  }
}
