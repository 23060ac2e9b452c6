import { AsyncLocalStorage } from "node:async_hooks";

/** What this process is doing for whom, where a statement or a line of the log comes from. */
export interface WorkAtHand {
  readonly domain: string;
  /** The operation, such as `order.place`, or the subscription, such as `order.follow-payment`. */
  readonly handler: string;
}

const storage = new AsyncLocalStorage<WorkAtHand>();

/** Runs something as the work of a handler: {@link workAtHand} gives it to all that is called meanwhile. */
export function doing<Result>(work: WorkAtHand, run: () => Result): Result {
  return storage.run(work, run);
}

/** The work in whose course this is called; nothing outside of handlers, such as in the relay. */
export function workAtHand(): WorkAtHand | undefined {
  return storage.getStore();
}
