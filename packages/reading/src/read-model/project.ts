import type { HandleEvents } from "@polder/bus";
import type {
  DeliveredEvent,
  Logger,
  ProjectionBatchContext,
  ProjectionContext,
  Reader,
  ReadModel,
} from "@polder/model";
import type { ReadingSeams } from "../seams.ts";
import { groupInOrder } from "./group-in-order.ts";

type Handler = (context: ProjectionContext<DeliveredEvent> | ProjectionBatchContext<DeliveredEvent>) => Promise<void>;

/** Makes the one who runs the handlers of a read model, in a transaction that finds the tables of the build. */
export function projectionOf(
  readModel: ReadModel,
  { read, handle }: Pick<ReadingSeams, "read" | "handle">,
  log: Logger,
): HandleEvents {
  return async (logged, transaction, signal) => {
    if (transaction === undefined) return { last: [] };
    const { sql, query } = transaction;
    const shared = { tx: { sql, query } satisfies Reader, signal, log };
    const events = await read(logged);
    await handle(readModel, logged, async () => {
      if (readModel.mode === "each") {
        for (const event of events) await handlerOf(readModel, event.name)({ ...shared, event });
        return;
      }
      for (const group of groupInOrder(events))
        await handlerOf(readModel, group.name)({ ...shared, events: group.events });
    });
    return { last: [] };
  };
}

function handlerOf({ handlers, name }: ReadModel, event: string): Handler {
  const handler = handlers[event] as Handler | undefined;
  if (handler === undefined) throw new Error(`the read model "${name}" has no handler of ${event}`);
  return handler;
}
