import { trace } from "@opentelemetry/api";
import { domainOf, isPolderError, type Logger, silentLogger } from "@polder/model";
import type { CallRequest, CallTransport, TransportOptions } from "../call.ts";
import { type Attempt, makeAttempt } from "./attempt.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import { type Bulkhead, createBulkhead } from "./bulkhead.ts";
import { type CallRules, completeRules } from "./call-rules.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type ResilienceObserver, silentObserver } from "./resilience-observer.ts";
import { retryWaitMs } from "./retry-wait.ts";

/** What {@link resilientTransport} wraps, and by which rules. */
export interface ResilientTransportOptions {
  readonly transport: CallTransport;
  /** What is not said here is as in `callRules`. */
  readonly rules?: Partial<CallRules> | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** From 0 up to, but not including, 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Told of every change of a circuit. Default: says nothing. */
  readonly logger?: Logger;
  /** Told of the same, and of what is turned away and repeated. Default: nobody is. */
  readonly observer?: ResilienceObserver;
}

/**
 * Makes calls of another transport survive the failure of those who are called. For each domain that is called:
 *
 * - a bulkhead: so many calls at once, so many waiting,
 * - a circuit breaker: after too many failures calls fail at once, until a probe has shown that the domain is back,
 * - repetitions, with full jitter, of queries and of commands that carry an idempotency key, where a repetition can
 *   help: nobody answered, or the answer is 429, 502, 503 or 504. They heed `Retry-After` and never pass the deadline.
 *
 * The span of the call has the number of attempts, where there was more than one, as `polder.attempts`.
 *
 * Its calls throw `CALL_CIRCUIT_OPEN` and `CALL_BULKHEAD_FULL` beside what the transport throws.
 *
 * @throws `DECLARATION_INVALID` for rules that cannot be.
 */
export function resilientTransport(options: ResilientTransportOptions): CallTransport {
  const { transport, clock = systemClock, random = Math.random, logger = silentLogger } = options;
  const { observer = silentObserver } = options;
  const rules = completeRules(options.rules);
  const callees = new Map<string, Callee>();
  const calleeOf = (callee: string): Callee => {
    const known = callees.get(callee);
    if (known !== undefined) return known;
    const made = {
      bulkhead: createBulkhead({ callee, rules, observer }),
      breaker: createBreaker({ callee, rules, clock, logger, observer }),
    };
    // As many as there are domains in the declarations of those who call.
    callees.set(callee, made);
    return made;
  };

  const attempt = async (request: CallRequest, bounds: TransportOptions): Promise<Attempt> => {
    const { breaker, bulkhead } = calleeOf(domainOf(request.api));
    // Asked before the queue, so that nobody waits there to be told so, and again when the turn has come.
    breaker.admit(request);
    return await bulkhead.run(request, bounds.signal, () =>
      breaker.run(request, () => makeAttempt({ transport, rules, clock }, request, bounds)),
    );
  };

  return {
    call: async (request, bounds) => {
      const endsAtMs = clock.nowMs() + bounds.deadlineMs;
      const attemptsMax = isRepeatable(request, bounds) ? rules.attemptsMax : 1;
      let last: Attempt | undefined;
      for (let attempts = 1; ; attempts += 1) {
        if (attempts > 1) trace.getActiveSpan()?.setAttribute("polder.attempts", attempts);
        // What carries a call may change its input: every attempt but the last gets a copy.
        const input = attempts < attemptsMax ? structuredClone(request.input) : request.input;
        const left = { ...bounds, deadlineMs: endsAtMs - clock.nowMs() };
        last = await attempt({ ...request, input }, left).catch(keepReason(last));
        if (attempts >= attemptsMax || !last.isTransient) return last.take();
        const { retryAfterMs } = last;
        const waitMs = retryWaitMs(rules, { attempts, retryAfterMs, random: random() });
        if (clock.nowMs() + waitMs >= endsAtMs) return last.take();
        await clock.wait(waitMs, bounds);
        observer.repeated(domainOf(request.api));
      }
    },
  };
}

interface Callee {
  readonly bulkhead: Bulkhead;
  readonly breaker: Breaker;
}

function isRepeatable({ key }: CallRequest, { declared }: TransportOptions): boolean {
  return declared.kind === "query" || key !== undefined;
}

/** A repetition that is not let through ends with what went wrong before, which says more than that. */
function keepReason(before: Attempt | undefined): (error: unknown) => Attempt {
  return (error) => {
    if (before === undefined || !isPolderError(error, "CALL_CIRCUIT_OPEN", "CALL_BULKHEAD_FULL")) throw error;
    return { ...before, isTransient: false };
  };
}
