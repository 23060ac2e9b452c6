import { isPolderError } from "@polder/model";
import type { CallAnswer, CallRequest, CallTransport, TransportOptions } from "../call.ts";
import { raceAgainst } from "../deadline.ts";
import type { CallRules } from "./call-rules.ts";
import type { Clock } from "./clock.ts";
import { outlookOf, outlookOfProblem } from "./outlook.ts";

/**
 * What an attempt says about the domain that was called: it works, it does not, or nothing can be told, because the
 * attempt was given up too soon.
 */
export type Verdict = "works" | "fails" | "untold";

/** One attempt at a call, and how it ended. */
export interface Attempt {
  readonly verdict: Verdict;
  /** Whether the same call may well end otherwise a moment later. */
  readonly isTransient: boolean;
  /** How long the other side asks to be left alone, in milliseconds, if it does. */
  readonly retryAfterMs: number | undefined;
  /** Gives the answer, or throws what the attempt threw. */
  readonly take: () => CallAnswer;
}

/** What an attempt needs beside the call. */
export interface AttemptParts {
  readonly transport: CallTransport;
  readonly rules: CallRules;
  readonly clock: Clock;
}

/** Makes one attempt at a call. It never throws, and ends when the call's signal aborts, whatever the transport does. */
export async function makeAttempt(
  { transport, rules, clock }: AttemptParts,
  request: CallRequest,
  options: TransportOptions,
): Promise<Attempt> {
  const begunMs = clock.nowMs();
  const givenUpVerdict = (): Verdict => (clock.nowMs() - begunMs >= rules.slowAfterMs ? "fails" : "untold");
  try {
    return answered(await raceAgainst(options.signal, transport.call(request, options)), givenUpVerdict);
  } catch (error) {
    const wasGivenUp = options.signal.aborted;
    return {
      verdict: wasGivenUp ? givenUpVerdict() : verdictOf(error),
      isTransient: !wasGivenUp && outlookOf(error) === "soon",
      retryAfterMs: retryAfterMsOf(error),
      take: () => {
        throw error;
      },
    };
  }
}

function answered(answer: CallAnswer, givenUpVerdict: () => Verdict): Attempt {
  const problem = answer.kind === "failed" ? answer.problem : undefined;
  // Both sides have the same deadline, and either may be the first to say that it has passed.
  const wasGivenUp = problem?.code === "CALL_DEADLINE_EXCEEDED" || problem?.code === "CALL_ABORTED";
  const isTransient = problem !== undefined && outlookOfProblem(problem) === "soon";
  return {
    // One that says "too many requests" is well, and so is one with a mistake in a single operation (500).
    verdict: wasGivenUp ? givenUpVerdict() : isTransient && problem.status !== 429 ? "fails" : "works",
    isTransient,
    retryAfterMs: problem?.retryAfterMs,
    take: () => answer,
  };
}

function verdictOf(error: unknown): Verdict {
  if (isPolderError(error, "CALL_UNREACHABLE", "ANSWER_INVALID")) return "fails";
  return isPolderError(error, "ANSWER_TOO_LARGE") ? "works" : "untold";
}

function retryAfterMsOf(error: unknown): number | undefined {
  if (!isPolderError(error, "CALL_UNREACHABLE")) return undefined;
  return (error.details as { readonly retryAfterMs?: number }).retryAfterMs;
}
