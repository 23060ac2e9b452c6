import type { PolderError } from "@polder/model";
import { httpErrors } from "./errors.ts";

/** Lets calls in, up to a number at once, until it is drained. */
export interface Gate {
  /**
   * Lets one call in; what it gives lets the call out again.
   *
   * @throws `OVERLOADED` when as many are in as may be, `SHUTTING_DOWN` once it is drained.
   */
  readonly enter: () => () => void;
  /** Lets nobody in any more; resolves when all are out, or with the number still in when the signal aborts. */
  readonly drain: (options: { readonly signal: AbortSignal }) => Promise<number>;
  /** Aborts with `SHUTTING_DOWN` when draining was given up: those still in are to stop now. */
  readonly closed: AbortSignal;
}

/** Makes a gate that is open. */
export function createGate({ inFlightMax }: { readonly inFlightMax: number }): Gate {
  const closed = new AbortController();
  const drained = Promise.withResolvers<void>();
  let inFlight = 0;
  let draining = false;
  const leave = () => {
    inFlight -= 1;
    if (draining && inFlight === 0) drained.resolve();
  };
  return {
    closed: closed.signal,
    enter: () => {
      if (draining) throw shuttingDown();
      if (inFlight >= inFlightMax) throw overloaded(`${inFlightMax} calls at once`);
      inFlight += 1;
      return leave;
    },
    drain: async ({ signal }) => {
      draining = true;
      if (inFlight === 0) return 0;
      const givenUp = Promise.withResolvers<void>();
      const giveUp = () => {
        closed.abort(shuttingDown());
        givenUp.resolve();
      };
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true });
      await Promise.race([drained.promise, givenUp.promise]);
      signal.removeEventListener("abort", giveUp);
      return inFlight;
    },
  };
}

/** The error of a limit that is reached for the moment; it names the limit. */
export function overloaded(limit: string): PolderError {
  return httpErrors.OVERLOADED(
    `The server takes no more than ${limit}, and that many are there. Nothing was done; try again in a moment.`,
    { limit },
  );
}

function shuttingDown(): PolderError {
  return httpErrors.SHUTTING_DOWN(
    "The server is about to stop. Try again: another instance, or this one when it is back.",
    {},
  );
}
