import { isPolderError } from "@polder/model";
import type { CallTransport } from "./call.ts";

/** How instances of a domain are chosen. */
export interface RotatingOptions {
  /** How long one that did not answer is passed over, in milliseconds. Default 5,000. */
  readonly restMs?: number;
  /** Milliseconds of a clock that only goes forward. Default: that of the runtime. */
  readonly nowMs?: () => number;
}

/**
 * Carries each call by the next of several transports, as to the instances of one domain. One that does not answer is
 * passed over for a while, unless all do; when nothing can have been sent, the same call goes on to the next one.
 */
export function rotatingTransport(
  transports: readonly CallTransport[],
  { restMs = 5_000, nowMs = () => performance.now() }: RotatingOptions = {},
): CallTransport {
  const instances = transports.map((transport) => ({ transport, restsUntilMs: Number.NEGATIVE_INFINITY }));
  const [only] = transports;
  if (only === undefined) throw new RangeError("there is no transport to choose from");
  if (transports.length === 1) return only;
  let turn = 0;
  return {
    call: async (request, options) => {
      const now = nowMs();
      const first = turn++ % instances.length;
      const inTurn = [...instances.slice(first), ...instances.slice(0, first)];
      // Those that rest come last, the one that has rested longest first.
      const order = inTurn.toSorted((a, b) => Math.max(a.restsUntilMs, now) - Math.max(b.restsUntilMs, now));
      let failure: unknown;
      for (const instance of order) {
        try {
          const answer = await instance.transport.call(request, options);
          const isLeaving = answer.kind === "failed" && answer.problem.code === "SHUTTING_DOWN";
          instance.restsUntilMs = isLeaving ? nowMs() + restMs : Number.NEGATIVE_INFINITY;
          return answer;
        } catch (error) {
          if (!isPolderError(error, "CALL_UNREACHABLE")) throw error;
          instance.restsUntilMs = nowMs() + restMs;
          if (!isUnsent(error) || options.signal.aborted) throw error;
          failure = error;
        }
      }
      throw failure;
    },
  };
}

/** Codes of the operating system, and of the client, for a connection that was never made. */
const unsentCodes: ReadonlySet<unknown> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Was there never a connection over which the call could have gone? */
function isUnsent(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (unsentCodes.has(Reflect.get(cause, "code"))) return true;
  }
  return false;
}
