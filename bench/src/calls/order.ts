import { z } from "zod";
import { nextKey, payloadOf } from "../events/workload.ts";

/** The path of the command at every contender. */
export const CHANGE_PATH = "/ordering/v1/changes";

/** Where it is at each version that a server may have. */
export const CHANGE_PATHS = { "1.0.0": CHANGE_PATH, "2.0.0": "/ordering/v2/changes" } as const;

/** The versions at which the command is called. */
export type ChangeVersion = keyof typeof CHANGE_PATHS;

/**
 * Connections of each server to its database, and requests under way at once: nobody waits for a connection, and those
 * of all servers together are fewer than PostgreSQL has.
 */
export const AT_ONCE = 8;

/** What the command takes: about 400 bytes as JSON. */
export const changeInput = z.object({
  orderId: z.string().min(1).max(40),
  customer: z.object({ id: z.uuid(), name: z.string().max(200), city: z.string().max(200) }),
  lines: z
    .array(
      z.object({
        sku: z.string().min(1).max(40),
        quantity: z.int().min(1).max(1_000),
        priceCents: z.int().min(0),
      }),
    )
    .min(1)
    .max(100),
  note: z.string().max(1_000),
});

/** What it answers. */
export const changeOutput = z.object({ orderId: z.string(), version: z.int() });

export type ChangeInput = z.infer<typeof changeInput>;
export type ChangeOutput = z.infer<typeof changeOutput>;

/** An order as it is changed, any of a thousand. */
export function nextOrder(): ChangeInput {
  const { version: _, ...order } = payloadOf(nextKey(), 0);
  return order;
}
