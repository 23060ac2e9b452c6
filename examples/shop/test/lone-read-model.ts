import type { BrowsedEvent } from "@polder/bus";
import { type Database, identifier } from "@polder/postgres";
import type { ReadModel } from "polder";

/** Runs a query that finds tables by their names. */
export type Rows = <Row>(sql: string) => Promise<readonly Row[]>;

/** The tables of a read model by themselves, in a schema of their own: a test hands events to its handlers in any order. */
export interface LoneReadModel {
  /** Handles events of one publisher in one transaction, as a process does that finds them in its log. */
  readonly handle: (batch: readonly BrowsedEvent[]) => Promise<void>;
  readonly rows: Rows;
  /** Begins anew, with nothing in the tables. */
  readonly clear: () => Promise<void>;
}

/** Makes the tables of a read model in a schema beside those of the shop. */
export async function loneReadModel(admin: Database, readModel: ReadModel): Promise<LoneReadModel> {
  const schema = `lone_${readModel.name.replaceAll("-", "_")}`;
  const sqlSchema = identifier(schema);
  const clear = async (): Promise<void> => {
    const session = await admin.connect();
    try {
      await session.query(`drop schema if exists ${sqlSchema} cascade; create schema ${sqlSchema}`);
      await session.query(`set search_path to ${sqlSchema}`);
      await session.query(readModel.tables);
    } finally {
      await session.end();
    }
  };
  await clear();
  return {
    clear,
    rows: rowsIn(admin, schema),
    handle: async (batch) => {
      const transaction = admin.begin("read write", { schema });
      try {
        for (const events of alike(batch)) await handlerOf(readModel, events)({ events, tx: transaction });
        await transaction.commit();
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
  };
}

/** Reads the tables of a schema. */
export function rowsIn(admin: Database, schema: string): Rows {
  return async <Row>(sql: string) => {
    const reading = admin.begin("snapshot", { schema });
    try {
      return (await reading.query<Row>(sql)).rows;
    } finally {
      await reading.rollback();
    }
  };
}

type Handler = (context: {
  readonly events: readonly BrowsedEvent[];
  readonly tx: ReturnType<Database["begin"]>;
}) => Promise<void>;

function handlerOf({ handlers }: ReadModel, [first]: readonly BrowsedEvent[]): Handler {
  return handlers[first?.type ?? ""] as unknown as Handler;
}

/** The events of each name together, as far as those of one key keep their order. */
function* alike(batch: readonly BrowsedEvent[]): Generator<readonly BrowsedEvent[]> {
  let together: BrowsedEvent[] = [];
  const flush = (): Iterable<readonly BrowsedEvent[]> => {
    const groups = Map.groupBy(together, ({ type }) => type);
    together = [];
    return groups.values();
  };
  for (const event of batch) {
    if (together.some(({ key, type }) => key === event.key && type !== event.type)) yield* flush();
    together.push(event);
  }
  yield* flush();
}
