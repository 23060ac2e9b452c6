/** Told what a database is asked to do, and how long it took. Nothing that it is told of may be kept waiting: it must not throw. */
export interface DatabaseObserver {
  /**
   * A statement was answered, or failed; `text` has placeholders where its values are. Statements of a transaction are
   * sent ahead of the answers, so the time includes those before it that were not answered yet.
   */
  readonly statement: (text: string, seconds: number) => void;
  /** A transaction that had begun has ended; a snapshot is only ever `read`. */
  readonly transaction: (outcome: TransactionOutcome, seconds: number) => void;
}

/** How a transaction ended. */
export type TransactionOutcome = "committed" | "rolled back" | "read";

/** The connections of one process to a database. */
export interface ConnectionCounts {
  readonly inUse: number;
  readonly idle: number;
  /** Work that waits for a connection. */
  readonly waiting: number;
}

/** Tells an observer of a statement when it has been answered. Without one, this is the statement itself. */
export async function observed<Result>(
  observer: DatabaseObserver | undefined,
  text: string,
  send: () => Promise<Result>,
): Promise<Result> {
  if (observer === undefined) return await send();
  const begunMs = performance.now();
  try {
    return await send();
  } finally {
    observer.statement(text, (performance.now() - begunMs) / 1_000);
  }
}
