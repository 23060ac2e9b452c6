import type { HandleEvents } from "@polder/bus";
import type { Replica } from "@polder/model";
import type { ReadingSeams } from "../seams.ts";
import type { SaidChange } from "./fold-changes.ts";
import { writeChanges } from "./write-changes.ts";

/** Makes the one who writes what the owner's events say into a replica, in a transaction that finds its table. */
export function keepingOf(replica: Replica, { read, handle }: Pick<ReadingSeams, "read" | "handle">): HandleEvents {
  return async (logged, transaction) => {
    if (transaction === undefined) return { last: [] };
    const events = await read(logged);
    await handle(replica, logged, async () => {
      const said = events.map(({ name, data }) => {
        const change = replica.changes[name] as ((data: unknown) => SaidChange) | undefined;
        return change?.(data);
      });
      await writeChanges(transaction, replica, said);
    });
    return { last: [] };
  };
}
