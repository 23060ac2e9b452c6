import {
  api,
  batchSubscription,
  command,
  type Domain,
  domain,
  event,
  handler,
  type Implementation,
  implement,
  need,
  type Subscription,
  subscription,
  team,
} from "@polder/model";
import { z } from "zod";
import type { DeliveryOptions } from "../contender.ts";
import { type Payload, payloadOf } from "../workload.ts";

const team1 = team("Bench", { contact: "#bench" });

export const OrderChanged = event("ordering.OrderChanged", {
  key: "orderId",
  versions: {
    "1.0.0": z.object({
      orderId: z.string(),
      version: z.int(),
      customer: z.object({ id: z.string(), name: z.string(), city: z.string() }),
      lines: z.array(z.object({ sku: z.string(), quantity: z.int(), priceCents: z.int() })),
      note: z.string(),
    }),
  },
});

export const Ordering = api("ordering", {
  versions: {
    "1.0.0": {
      change: command("POST /orders/:orderId/changes", {
        input: z.object({ orderId: z.string() }),
        output: z.object({ version: z.int() }),
      }),
    },
  },
});

/** The domain that publishes. */
export const ordering = domain("ordering", {
  owner: team1,
  capability: "Take orders",
  publishes: [Ordering, OrderChanged],
});

/** The domain that consumes. */
export const billing = domain("billing", {
  owner: team1,
  capability: "Bill orders",
  needs: [need(OrderChanged, "1.0.0")],
});

/** Both, as the library's user would write them. `committing` is called when the handler of the command ends. */
export function implementations(
  delivery: DeliveryOptions,
  committing: (key: string, version: number) => void,
): readonly Implementation[] {
  const change = handler(ordering, Ordering.change, async ({ input, tx }) => {
    const { orderId } = input;
    const [row] = await tx.sql<{ version: number }>`
      update aggregate
      set version = version + 1, changed_at = now()
      where id = ${orderId}
      returning version
    `;
    const version = row?.version ?? 0;
    tx.publish(OrderChanged, payloadOf(orderId, version));
    committing(orderId, version);
    return { version };
  });
  return [
    implement(ordering, { apis: { ordering: { change } } }),
    implement(billing, { subscriptions: subscriptions(delivery) }),
  ];
}

/** The first subscription writes a row for each event; the others only get it. */
export function subscriptions({ mode, subscriptions: count, handled }: DeliveryOptions): readonly Subscription[] {
  const others = Array.from({ length: count - 1 }, (_, index) => otherSubscription(index + 1, { mode, handled }));
  if (mode === "batch") {
    const writing = batchSubscription(billing, "write", [OrderChanged.name], async ({ events, tx }) => {
      for (const { data } of events) handled(0, data.orderId, data.version);
      await tx.sql`
        insert into sink (key, version)
        select key, version
        from unnest(${events.map(({ key }) => key)}::text[], ${events.map(({ data }) => data.version)}::integer[])
          as event (key, version)
      `;
    });
    return [writing, ...others];
  }
  const writing = subscription(billing, "write", {
    "ordering.OrderChanged": async ({ event, tx }) => {
      handled(0, event.data.orderId, event.data.version);
      await tx.sql`insert into sink (key, version) values (${event.key}, ${event.data.version})`;
    },
  });
  return [writing, ...others];
}

function otherSubscription(number: number, { mode, handled }: Pick<DeliveryOptions, "mode" | "handled">): Subscription {
  const name = `other-${number}`;
  const count = ({ data }: { readonly data: Payload }): void => handled(number, data.orderId, data.version);
  return mode === "batch"
    ? batchSubscription(billing, name, [OrderChanged.name], async ({ events }) => events.forEach(count), {
        from: "now",
      })
    : subscription(billing, name, { "ordering.OrderChanged": async ({ event }) => count(event) }, { from: "now" });
}

/** What must be provisioned. */
export const domains: readonly Domain[] = [ordering, billing];
