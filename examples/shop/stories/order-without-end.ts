import { setTimeout as pause } from "node:timers/promises";
import { untilDone } from "../until-done.ts";

/** Customers who order until they are told to stop. */
export interface Customers extends AsyncDisposable {
  /** Waits until some more orders have been placed. */
  readonly more: () => Promise<void>;
  /** Lets the last one have its answer; gives how many orders were placed. Throws what went wrong. */
  readonly stop: () => Promise<number>;
}

type Placed = { readonly ok: true } | { readonly ok: false; readonly refusal: string };

/** Between two orders, and before somebody asks again, in milliseconds. */
const PAUSE_MS = 50;
/** What {@link Customers.more} waits for. */
const MORE_ORDERS = 10;
/** Nobody waits longer for an order, however often they ask, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Places one order after the other. Where nobody answers, as while a process is replaced, the customer asks again under
 * the same key: however often, it is one order.
 */
export function orderWithoutEnd(place: (key: string) => Promise<Placed>): Customers {
  const ended = new AbortController();
  const givenUp = new AbortController();
  let placed = 0;
  const customers = (async () => {
    while (!ended.signal.aborted) {
      await placeOne(place, `order ${placed}`, givenUp.signal);
      placed += 1;
      await pause(PAUSE_MS);
    }
  })();
  let failure: unknown;
  customers.catch((error: unknown) => {
    failure = error;
  });
  const stop: Customers["stop"] = async () => {
    ended.abort();
    await customers;
    return placed;
  };
  return {
    stop,
    more: async () => {
      const until = placed + MORE_ORDERS;
      await untilDone(
        async () => {
          if (failure !== undefined) throw failure;
          return placed < until ? [`${until - placed} orders`] : [];
        },
        { timeoutMs: PATIENCE_MS + MORE_ORDERS * 1_000 },
      );
    },
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      givenUp.abort(new Error("the customers have gone"));
      await customers.catch(() => undefined);
    },
  };
}

async function placeOne(place: (key: string) => Promise<Placed>, key: string, givenUp: AbortSignal): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (true) {
    const answer = await place(key).catch((error: unknown) => {
      givenUp.throwIfAborted();
      if (performance.now() > untilMs) throw error;
      return undefined;
    });
    if (answer?.ok === true) return;
    if (answer !== undefined) throw new Error(`${key} was refused: ${answer.refusal}`);
    await pause(PAUSE_MS);
  }
}
