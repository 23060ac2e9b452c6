import type { Database } from "@polder/postgres";
import type { EventSource } from "../log/event-source.ts";
import { type Checkpoints, openCheckpoints, type StreamName } from "./checkpoints.ts";

/** Where a subscription begins that has not been there before. */
export interface Beginning {
  readonly source: EventSource;
  /** With everything the log still keeps, or with what comes. */
  readonly from: "first" | "now";
}

/**
 * Makes the first checkpoint of a stream, unless there is one. Either is told to the publisher before anything is read, so
 * that the log keeps what follows.
 */
export async function beginStream(
  { subscription }: Pick<StreamName, "subscription">,
  checkpoints: Pick<Checkpoints, "lowest" | "create">,
  { source, from }: Beginning,
): Promise<void> {
  const lowest = await checkpoints.lowest();
  if (lowest !== undefined) return await source.report(subscription, lowest);
  const { head, oldest } = await source.state();
  const start = from === "now" ? head : oldest - 1n;
  await source.report(subscription, start);
  await checkpoints.create(start);
}

/**
 * Lets a subscription begin before anybody runs it: it will get what the log gets from now on, or also what it still keeps.
 * One that has begun stays where it is.
 */
export async function beginSubscription(
  stream: Omit<StreamName, "publisher">,
  { database, source, from }: Beginning & { readonly database: Database },
): Promise<void> {
  const name = { ...stream, publisher: source.publisher };
  // Nobody leases anything here: whoever runs it does.
  const checkpoints = openCheckpoints(name, { database, owner: "00000000-0000-0000-0000-000000000000", leaseMs: 1 });
  await beginStream(name, checkpoints, { source, from });
}
