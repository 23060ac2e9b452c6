import { type Database, homeOf } from "@polder/postgres";
import { busErrors } from "../errors.ts";
import type { EventSource } from "../log/event-source.ts";
import { busNames, channelOf } from "../names.ts";
import type { StreamName } from "./checkpoints.ts";

/** Where a replay begins: with the event at a position, or with the first one from a time on. */
export type ReplayFrom = { readonly seq: bigint } | { readonly time: Date };

/**
 * Sets a subscription back (or forward): it gets all events from there on, again. What was under way is refused by
 * its epoch; parked events from there on are dropped, since they come again. Handlers must bear it.
 *
 * @returns the position after which it goes on.
 * @throws `SUBSCRIPTION_UNKNOWN`; `POSITION_UNAVAILABLE` where the log no longer or not yet has the position.
 */
export async function replay(
  stream: StreamName,
  from: ReplayFrom,
  parts: { readonly database: Database; readonly source: EventSource },
): Promise<bigint> {
  const { database, source } = parts;
  const sql = busNames(homeOf(stream.consumer));
  const after = "seq" in from ? from.seq - 1n : await source.positionAt(from.time);
  const { head, oldest } = await source.state();
  if (after < oldest - 1n || after > head) {
    throw busErrors.POSITION_UNAVAILABLE(
      `The log of "${stream.publisher}" has the positions ${oldest} to ${head}; ${after + 1n} is not among them. Replay from one of these.`,
      {
        publisher: stream.publisher,
        position: String(after + 1n),
        oldest: String(oldest),
        head: String(head),
      },
    );
  }
  const transaction = database.begin();
  try {
    const moved = await transaction.query(
      `update ${sql.checkpoint} set seq = $3, epoch = epoch + 1, owner = null, lease_until = '-infinity' where subscription = $1 and publisher = $2`,
      [stream.subscription, stream.publisher, String(after)],
    );
    if ((moved.rowCount ?? 0) === 0) {
      throw busErrors.SUBSCRIPTION_UNKNOWN(
        `"${stream.consumer}" has no subscription "${stream.subscription}" on "${stream.publisher}" that has ever run. See "polder subscriptions".`,
        {
          domain: stream.consumer,
          subscription: stream.subscription,
        },
      );
    }
    await transaction.query(`delete from ${sql.parked} where subscription = $1 and publisher = $2 and seq > $3`, [
      stream.subscription,
      stream.publisher,
      String(after),
    ]);
    await transaction.commit([{ text: "select pg_notify($1, '')", values: [channelOf(stream.publisher)] }]);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
  await source.report(stream.subscription, after);
  return after;
}
