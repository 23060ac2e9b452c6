import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { DeliveryMode } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";

/** How large, how often. */
export interface DrainPlan {
  readonly events: number;
  readonly repetitions: number;
}

const drains: readonly { readonly name: string; readonly contender: ContenderName; readonly mode: DeliveryMode }[] = [
  { name: "polder", contender: "polder-runtime", mode: "each" },
  { name: "polder-batch", contender: "polder-runtime", mode: "batch" },
  { name: "graphile-worker", contender: "graphile-worker", mode: "each" },
];

/** Works off a backlog that was there before the consumer: with Polder that is outbox, relay, log and handler. */
export async function measureDrain(arena: Arena, samples: Samples, plan: DrainPlan): Promise<void> {
  for (let repetition = 0; repetition < plan.repetitions; repetition += 1) {
    for (const { name, contender, mode } of drains) {
      await arena.fill(contender, { prefix: `drain-${name}-${repetition}-`, events: plan.events });
      const session = await arena.session(contender);
      const { perSecond } = await session.drain({ mode, events: plan.events });
      await session.stopDelivery();
      samples.add(`drain.${name}`, perSecond, "1/s");
    }
  }
}
