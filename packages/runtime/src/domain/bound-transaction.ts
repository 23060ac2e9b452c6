import type { Database, OpenTransaction, TransactionMode } from "@polder/postgres";

/** What a transaction is for, and what ends it before its work does. */
export interface BoundOptions {
  readonly mode: TransactionMode;
  /** Aborts when nobody waits for the work any more. */
  readonly signal: AbortSignal;
}

/**
 * Runs some work in a transaction that does not outlive it: what the work has not committed is rolled back.
 *
 * When the signal aborts, this rejects at once with the signal's reason, whether or not the work ends, and the
 * connection is thrown away: nothing that the work still does can be committed. A commit that is under way may still
 * succeed.
 */
export async function inTransaction<Result>(
  database: Database,
  { mode, signal }: BoundOptions,
  work: (transaction: OpenTransaction) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const transaction = database.begin(mode);
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  const abandon = (): void => {
    void transaction.rollback(asError(signal.reason));
    reject(signal.reason);
  };
  signal.addEventListener("abort", abandon, { once: true });
  try {
    return await Promise.race([work(transaction), abandoned]);
  } finally {
    signal.removeEventListener("abort", abandon);
    if (!signal.aborted) {
      const ended = transaction.rollback();
      // A snapshot holds no lock that anybody could wait for: nobody waits for its end either.
      if (mode === "read write") await ended;
    }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
