import { trace } from "@opentelemetry/api";
import type { CallAnswer, CallTransport } from "../call.ts";
import { type Clock, systemClock } from "./clock.ts";

/** What {@link hedgedTransport} wraps, and how patient it is. */
export interface HedgedTransportOptions {
  readonly transport: CallTransport;
  /** Milliseconds without an answer after which a query is sent a second time. */
  readonly afterMs: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Sends a query a second time when the first has no answer after a while: the first answer counts, and the other
 * attempt is given up. Where one attempt fails, the other is waited for; where both fail, the call ends as the first
 * one did. Commands go through once, as they are. The span of a call that was sent twice has `polder.hedged`.
 */
export function hedgedTransport({ transport, afterMs, clock = systemClock }: HedgedTransportOptions): CallTransport {
  return {
    call: async (request, options) => {
      if (options.declared.kind !== "query") return await transport.call(request, options);
      const endsAtMs = clock.nowMs() + options.deadlineMs;
      const decided = new AbortController();
      const signal = AbortSignal.any([options.signal, decided.signal]);
      const send = (): Promise<Ended> => {
        const copy = { ...request, input: structuredClone(request.input) };
        return endOf(transport.call(copy, { ...options, signal, deadlineMs: endsAtMs - clock.nowMs() }));
      };
      try {
        const first = send();
        const early = await Promise.race([first, clock.wait(afterMs, { signal })]);
        if (early !== undefined) return early.take();
        trace.getActiveSpan()?.setAttribute("polder.hedged", true);
        return (await firstAnswer(first, send())).take();
      } finally {
        decided.abort();
      }
    },
  };
}

/** How an attempt ended; it is thrown only where it is taken. */
interface Ended {
  readonly isAnswer: boolean;
  readonly take: () => CallAnswer;
}

async function endOf(call: Promise<CallAnswer>): Promise<Ended> {
  try {
    const answer = await call;
    const isTrouble = answer.kind === "failed" && (answer.problem.status >= 500 || answer.problem.status === 429);
    return { isAnswer: !isTrouble, take: () => answer };
  } catch (error) {
    return {
      isAnswer: false,
      take: () => {
        throw error;
      },
    };
  }
}

async function firstAnswer(first: Promise<Ended>, second: Promise<Ended>): Promise<Ended> {
  const early = await Promise.race([first, second]);
  if (early.isAnswer) return early;
  const [one, other] = await Promise.all([first, second]);
  return other.isAnswer ? other : one;
}
