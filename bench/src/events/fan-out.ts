import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { RoundsPlan } from "./rounds.ts";

/** Subscriptions to the same events. */
const COUNTS = [1, 4, 16];

/** What each further subscription costs: the rate at which the slowest of them is served while all publish. */
export async function measureFanOut(
  arena: Arena,
  samples: Samples,
  { rounds, durationMs }: Omit<RoundsPlan, "warmUpMs">,
): Promise<void> {
  const session = await arena.session("polder-bus");
  for (let round = 0; round < rounds; round += 1) {
    for (const subscriptions of COUNTS) {
      await session.startDelivery({ mode: "each", subscriptions });
      // Those that did not run meanwhile catch up.
      await session.quiet({ forMs: 500 });
      const { perSecond } = await session.deliver({ durationMs });
      await session.stopDelivery();
      samples.add(`delivered.subscriptions-${subscriptions}`, perSecond, "1/s");
    }
  }
}
