import { BulkheadRejectedError, bulkhead, TaskCancelledError } from "cockatiel";
import { raceAgainst } from "../deadline.ts";
import { httpErrors, type OperationDetails } from "../errors.ts";
import type { CallRules } from "./call-rules.ts";
import type { ResilienceObserver } from "./resilience-observer.ts";

/** Keeps the calls to one domain from taking everything that a process has: so many at once, so many waiting. */
export interface Bulkhead {
  /**
   * Runs some work when its turn comes. It is the work that must end when the signal aborts; a turn that is waited for
   * is given up then, and its place in the queue is free as soon as one of those before it has ended.
   *
   * @throws `CALL_BULKHEAD_FULL` where even the queue is full, and the signal's reason.
   */
  readonly run: <Result>(call: OperationDetails, signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;
}

/** Whose bulkhead it is, and how wide. */
export interface BulkheadOptions {
  /** The domain that is called. */
  readonly callee: string;
  readonly rules: Pick<CallRules, "concurrentMax" | "queueMax">;
  /** Told of every call that is not let in. */
  readonly observer: Pick<ResilienceObserver, "bulkheadFull">;
}

/** Makes a bulkhead through which nothing goes yet. */
export function createBulkhead({ callee, rules, observer }: BulkheadOptions): Bulkhead {
  const policy = bulkhead(rules.concurrentMax, rules.queueMax);
  return {
    run: async (call, signal, work) => {
      try {
        return await raceAgainst(signal, policy.execute(work, signal));
      } catch (error) {
        if (error instanceof BulkheadRejectedError) {
          observer.bulkheadFull(callee);
          throw bulkheadFull(call, callee, rules);
        }
        throw error instanceof TaskCancelledError ? signal.reason : error;
      }
    },
  };
}

function bulkheadFull(
  { api, operation }: OperationDetails,
  callee: string,
  { concurrentMax, queueMax }: BulkheadOptions["rules"],
): Error {
  return httpErrors.CALL_BULKHEAD_FULL(
    `The call of ${api}.${operation} was not made: ${concurrentMax} calls to "${callee}" are under way and ${queueMax} ` +
      `wait, and there may be no more. Nothing was done; try again in a moment, and see why "${callee}" is slow.`,
    { api, operation, callee, concurrentMax, queueMax },
  );
}
