import type { Logger } from "@polder/model";
import { CircuitState, circuitBreaker, handleWhenResult } from "cockatiel";
import { httpErrors, type OperationDetails } from "../errors.ts";
import type { Attempt } from "./attempt.ts";
import type { CallRules } from "./call-rules.ts";
import type { Clock } from "./clock.ts";
import { createFailureCount } from "./failure-count.ts";
import type { ResilienceObserver } from "./resilience-observer.ts";

/**
 * The circuit to one domain. It is closed while calls go through. Too many failures open it: calls fail at once, so
 * that nobody waits for what will not come, and the domain is left alone. After a while the next calls are probes:
 * when they succeed the circuit closes, when one fails it is open again. Calls beside the probes fail at once.
 */
export interface Breaker {
  /** @throws `CALL_CIRCUIT_OPEN` when the call would not be let through now. */
  readonly admit: (call: OperationDetails) => void;
  /**
   * Lets an attempt through and counts how it ends.
   *
   * @throws `CALL_CIRCUIT_OPEN`; the attempt is not made then.
   */
  readonly run: (call: OperationDetails, attempt: () => Promise<Attempt>) => Promise<Attempt>;
}

/** Whose circuit it is, and what it goes by. */
export interface BreakerOptions {
  /** The domain that is called. */
  readonly callee: string;
  readonly rules: CallRules;
  readonly clock: Clock;
  /** Told of every change, once; so is the observer. */
  readonly logger: Logger;
  readonly observer: Pick<ResilienceObserver, "circuit">;
}

/** Makes a circuit that is closed. */
export function createBreaker({ callee, rules, clock, logger, observer }: BreakerOptions): Breaker {
  const count = createFailureCount(rules, clock);
  let probesAtMs = 0;
  let probing = 0;
  const isProbing = (): boolean => policy.state === CircuitState.HalfOpen;
  // A probe that was given up has not shown that the domain works.
  const isFailure = (attempt: unknown): boolean => {
    const { verdict } = attempt as Attempt;
    return verdict === "fails" || (verdict === "untold" && isProbing());
  };
  // The library reads the wall clock itself. What it compares is infinite until our clock says that it is time.
  const pause = {
    get duration() {
      return clock.nowMs() < probesAtMs ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    next: () => pause,
  };
  const policy = circuitBreaker(handleWhenResult(isFailure), {
    halfOpenAfter: pause,
    halfOpenSampling: { calls: rules.probes, threshold: 0 },
    breaker: {
      state: undefined,
      // Successes are counted below, where they are told apart from attempts of which nothing can be told.
      success: (state) => {
        if (state === CircuitState.HalfOpen) count.reset();
      },
      // What began before the circuit opened says nothing about the domain after it.
      failure: (state) => state === CircuitState.Closed && policy.state === CircuitState.Closed && count.failure(),
    },
  });
  policy.onBreak(() => {
    probesAtMs = clock.nowMs() + rules.openMs;
    logger.warn(`The circuit to "${callee}" is open: calls fail at once`, { callee, forMs: rules.openMs });
    observer.circuit(callee, "open");
  });
  policy.onHalfOpen(() => {
    probing = 0;
    logger.info(`The circuit to "${callee}" is half open: the next call is a probe`, { callee });
    observer.circuit(callee, "half open");
  });
  policy.onReset(() => {
    logger.info(`The circuit to "${callee}" is closed again: calls go through`, { callee });
    observer.circuit(callee, "closed");
  });

  const admit: Breaker["admit"] = (call) => {
    const isOpen = policy.state === CircuitState.Open && clock.nowMs() < probesAtMs;
    if (isOpen || (isProbing() && probing >= rules.probes))
      throw circuitOpen(call, callee, Math.max(0, Math.ceil(probesAtMs - clock.nowMs())));
  };
  return {
    admit,
    run: async (call, attempt) => {
      admit(call);
      return await policy.execute(async () => {
        if (isProbing()) probing += 1;
        const ended = await attempt();
        if (ended.verdict === "works" && policy.state === CircuitState.Closed) count.success();
        return ended;
      });
    },
  };
}

function circuitOpen({ api, operation }: OperationDetails, callee: string, retryAfterMs: number): Error {
  const when =
    retryAfterMs > 0 ? `in ${retryAfterMs} ms` : "as soon as a call that is under way has shown that it works";
  return httpErrors.CALL_CIRCUIT_OPEN(
    `The call of ${api}.${operation} was not made: too many calls to "${callee}" have failed, and it is left alone for ` +
      `now. Nothing was done; it is tried again ${when}. See why "${callee}" fails.`,
    { api, operation, callee, retryAfterMs },
  );
}
