import { api, command, domain, handler, type Implementation, implement, team } from "@polder/model";
import { z } from "zod";
import { type ChangeInput, changeInput, changeOutput } from "../calls/order.ts";

const { name: _, ...customer } = changeInput.shape.customer.shape;

/** The input of version 2: the customer's name has two parts. */
const inputAtTwo = z.object({
  ...changeInput.shape,
  customer: z.object({ ...customer, firstName: z.string().max(200), lastName: z.string().max(200) }),
});

/** What version 2 answers. */
const outputAtTwo = z.object({ orderId: z.string(), revision: z.int() });

/** The answer of the command at each version. */
export const outputs = { "1.0.0": changeOutput, "2.0.0": outputAtTwo } as const;

/** Version 1 is served by the handler of version 2: its input is converted, and so is the answer. */
const VersionedOrders = api("ordering", {
  versions: {
    "1.0.0": { change: command("POST /changes", { input: changeInput, output: changeOutput }) },
    "2.0.0": { change: command("POST /changes", { input: inputAtTwo, output: outputAtTwo }) },
  },
  converters: {
    "2.0.0": {
      change: {
        input: (order) => orderAtTwo(order),
        output: ({ orderId, revision }) => ({ orderId, version: revision }),
      },
    },
  },
});

const ordering = domain("ordering", {
  owner: team("Bench", { contact: "#bench" }),
  capability: "Take orders",
  publishes: [VersionedOrders],
});

const change = handler(ordering, VersionedOrders.change, async ({ input: { orderId }, tx }) => {
  const [row] = await tx.sql<{ version: number }>`
    update aggregate
    set version = version + 1, changed_at = now()
    where id = ${orderId}
    returning version
  `;
  return { orderId, revision: row?.version ?? 0 };
});

/** The command of the benchmark of calls, at two versions. */
export const versionedImplementation: Implementation = implement(ordering, { apis: { ordering: { change } } });

/** An order as version 2 takes it. */
export function orderAtTwo({ customer: { name, ...known }, ...order }: ChangeInput): z.infer<typeof inputAtTwo> {
  const [firstName = "", ...others] = name.split(" ");
  return { ...order, customer: { ...known, firstName, lastName: others.join(" ") } };
}
