import { domainOf } from "@polder/model";
import type { CallTransport } from "../call.ts";
import { raceAgainst } from "../deadline.ts";
import { type Bulkhead, createBulkhead } from "./bulkhead.ts";
import { type CallRules, completeRules } from "./call-rules.ts";
import { type ResilienceObserver, silentObserver } from "./resilience-observer.ts";

/** What a transport is bounded by. */
export interface BulkheadTransportOptions {
  readonly transport: CallTransport;
  /** What is not said here is as in `callRules`. */
  readonly rules?: Partial<Pick<CallRules, "concurrentMax" | "queueMax">> | undefined;
  /** Told of every call that is not let in. Default: nobody is. */
  readonly observer?: Pick<ResilienceObserver, "bulkheadFull">;
}

/**
 * Bounds the calls of another transport to each domain, and does nothing else. It is for calls inside one process:
 * there a slow domain can still take everything, but no network fails. A caller cannot live on while the domain that
 * it calls is down with the process, so neither a breaker nor a repetition would help.
 *
 * Its calls throw `CALL_BULKHEAD_FULL` beside what the transport throws.
 *
 * @throws `DECLARATION_INVALID` for rules that cannot be.
 */
export function bulkheadTransport(given: BulkheadTransportOptions): CallTransport {
  const { transport, observer = silentObserver } = given;
  const rules = completeRules(given.rules);
  const bulkheads = new Map<string, Bulkhead>();
  return {
    call: async (request, options) => {
      // As many as there are domains in the declarations of those who call.
      const callee = domainOf(request.api);
      const bulkhead = bulkheads.get(callee) ?? createBulkhead({ callee, rules, observer });
      bulkheads.set(callee, bulkhead);
      const { signal } = options;
      return await bulkhead.run(request, signal, () => raceAgainst(signal, transport.call(request, options)));
    },
  };
}
