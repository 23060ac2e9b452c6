import type { Samples } from "../samples.ts";
import type { Arena } from "./arena.ts";
import type { ContenderName } from "./contenders.ts";

/** How long a writer is held open, and how long it is measured without one. */
export interface HeldPlan {
  readonly heldMs: number;
  readonly freeMs: number;
}

/**
 * The rate while somebody else's transaction has written and does not end: in the publisher's database, then in another
 * one of the server. The hand-written transaction stands beside it: rows that are updated again and again get slower for
 * everybody, since nothing can be cleaned up meanwhile.
 */
export async function measureHeldWriter(arena: Arena, samples: Samples, plan: HeldPlan): Promise<void> {
  const measure = async (situation: string, durationMs: number): Promise<void> => {
    const polder = await arena.session("polder-bus");
    await polder.startDelivery({ mode: "each", subscriptions: 1 });
    const { perSecond } = await polder.deliver({ durationMs: durationMs * 0.75 });
    await polder.stopDelivery();
    samples.add(`delivered.${situation}`, perSecond, "1/s");
    const limit = await arena.session("limit");
    const published = await limit.publish({ durationMs: durationMs * 0.25 });
    samples.add(`publish.limit-${situation}`, published.perSecond, "1/s");
  };
  const held: readonly { readonly situation: string; readonly where: ContenderName }[] = [
    { situation: "held-same-database", where: "polder-bus" },
    { situation: "held-other-database", where: "limit" },
  ];
  for (const { situation, where } of held) {
    await measure("not-held", plan.freeMs);
    const holder = await arena.connect(where);
    try {
      await holder.query("create table if not exists public.unrelated (id bigint)");
      await holder.query("begin");
      await holder.query("insert into public.unrelated values (1)");
      await measure(situation, plan.heldMs);
      await holder.query("rollback");
    } finally {
      await holder.end();
    }
  }
}
