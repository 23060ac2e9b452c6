import {
  api,
  command,
  type Domain,
  domain,
  handler,
  type Implementation,
  implement,
  need,
  query,
  team,
} from "@polder/model";
import { z } from "zod";
import { payloadOf } from "../events/workload.ts";
import { changeInput, changeOutput } from "./order.ts";

const owner = team("Bench", { contact: "#bench" });

const orderOutput = z.object({ ...changeInput.shape, version: z.int() });

function declare({ validates }: { readonly validates: boolean }) {
  // What any object passes: the way of a call without the price of its contract.
  const input = validates ? changeInput : (z.looseObject({}) as unknown as typeof changeInput);
  const output = validates ? changeOutput : (z.looseObject({}) as unknown as typeof changeOutput);
  const Orders = api("ordering", {
    versions: {
      "1.0.0": {
        change: command("POST /changes", { input, output }),
        look: query("GET /orders/:orderId", { input: z.object({ orderId: z.string() }), output: orderOutput }),
      },
    },
  });
  const ordering = domain("ordering", { owner, capability: "Take orders", publishes: [Orders] });
  const change = handler(ordering, Orders.change, async ({ input: { orderId }, tx }) => {
    const [row] = await tx.sql<{ version: number }>`
      update aggregate
      set version = version + 1, changed_at = now()
      where id = ${orderId}
      returning version
    `;
    return { orderId, version: row?.version ?? 0 };
  });
  const look = handler(ordering, Orders.look, async ({ input: { orderId } }) => payloadOf(orderId, 1));
  return { Orders, ordering, implementation: implement(ordering, { apis: { ordering: { change, look } } }) };
}

const strict = declare({ validates: true });

/** What is called: a command in a transaction, and a query without one. */
export const { Orders } = strict;

const Bills = api("billing", {
  versions: {
    "1.0.0": {
      look: query("GET /looks", {
        input: z.object({ calls: z.int(), atOnce: z.int() }),
        output: z.object({ seconds: z.number() }),
      }),
    },
  },
});

const billing = domain("billing", {
  owner,
  capability: "Bill orders",
  publishes: [Bills],
  needs: [need(Orders, "1.0.0")],
});

/** Asks another domain, so many times and so many at once, and says how long that took. */
const look = handler(billing, Bills.look, async ({ input: { calls, atOnce }, call }) => {
  const orders = call(Orders);
  const begunMs = performance.now();
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await orders.look({ orderId: "k1" });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return { seconds: (performance.now() - begunMs) / 1_000 };
});

/** The one who asks the domain that asks. */
const desk = domain("desk", { owner, capability: "Measure", needs: [need(Bills, "1.0.0")] });

export { Bills };

/** Who may call whom. */
export const declarations: readonly Domain[] = [strict.ordering, billing, desk];

/** The domain whose command is measured; without validation, its contract lets any object pass. */
export function orderingImplementation(options: { readonly validates: boolean }): Implementation {
  return options.validates ? strict.implementation : declare(options).implementation;
}

/** The domain that calls it from a handler. */
export const billingImplementation: Implementation = implement(billing, { apis: { billing: { look } } });
