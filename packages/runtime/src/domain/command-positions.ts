import { deploymentOf, type PositionToCome, positionOf, positionOfNow } from "@polder/bus";
import { type Domain, writePosition } from "@polder/model";
import type { Database, OutboxEvent, StoredAnswer } from "@polder/postgres";

/** Says what the commands of a domain have published: positions, as callers get them. */
export interface CommandPositions {
  /** What is known of a position before the commit; nothing where nothing is published. */
  readonly before: (events: readonly OutboxEvent[]) => PositionToCome | undefined;
  /** The position of what was published in a transaction, when that has committed. */
  readonly of: (position: PositionToCome, xid: string) => string;
  /** That of an answer that was stored; `published` is what was stored with it. */
  readonly ofStored: (stored: StoredAnswer, published: PositionToCome | undefined) => Promise<string | undefined>;
  /** That of everything up to now, of which nothing was published before `since`. */
  readonly ofNow: (since: Date) => Promise<string>;
}

/** Opens the positions of a domain; none where it publishes no events, since nobody has anything to wait for then. */
export async function openCommandPositions(
  { name, publishes }: Domain,
  database: Database,
): Promise<CommandPositions | undefined> {
  if (!publishes.some(({ kind }) => kind === "event")) return undefined;
  const publisher = { publisher: name, deployment: await deploymentOf(database) };
  const of: CommandPositions["of"] = (position, xid) => writePosition({ ...position, xid });
  const ofNow: CommandPositions["ofNow"] = async (since) =>
    writePosition(await positionOfNow(database, publisher, since));
  return {
    before: (events) => (events.length === 0 ? undefined : positionOf(publisher, events)),
    of,
    ofStored: async ({ xid, at }, published) => {
      // Stored by an older release, or in the database from which this one was restored.
      if (xid === null || (published !== undefined && published.deployment !== publisher.deployment))
        return await ofNow(at);
      return published === undefined ? undefined : of(published, xid);
    },
    ofNow,
  };
}
