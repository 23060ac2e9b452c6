import type { Operation, User } from "@polder/model";
import type { ProblemDocument } from "./problem.ts";

/** A call as it travels, whatever carries it. */
export interface CallRequest {
  readonly api: string;
  /** The version that the caller was written for, such as `1.0.0`. */
  readonly version: string;
  readonly operation: string;
  /** A JSON value. Whoever hands the request on gives it away: defaults may be filled into it. */
  readonly input: unknown;
  /** Idempotency key: 1 to 200 printable ASCII characters. */
  readonly key?: string;
  /** The domain that calls, or `gateway`. Over HTTP it is believed only where it is proven. */
  readonly caller?: string;
  /** Somebody from outside on whose behalf the call is made. */
  readonly user?: User;
  /** What the user's token permits: known at the gateway alone, it never travels. */
  readonly permissions?: ReadonlySet<string>;
  /** Positions of commands: the answer is not to be older than what these have published. Queries only, at most 20. */
  readonly notBefore?: readonly string[];
  /** W3C trace context: `traceparent`, `tracestate` and `baggage`, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A call that is about to be made: the operation as the caller's version declares it. */
export interface OutgoingCall {
  readonly api: string;
  readonly version: string;
  readonly operation: string;
  readonly declared: Operation;
}

/** That what was called is about to go, as its caller is told. */
export interface DeprecationNews {
  readonly since: string;
  readonly sunset?: string;
  readonly notice?: string;
}

/** What every answer may carry besides. */
interface AnswerNews {
  readonly deprecation?: DeprecationNews;
}

/** The operation did what it was asked for. */
export interface Answered extends AnswerNews {
  readonly kind: "answered";
  readonly output: unknown;
  /** What a command has published. */
  readonly position?: string;
}

/** The operation said no, in a way that its contract declares. */
export interface RefusedAnswer extends AnswerNews {
  readonly kind: "refused";
  readonly refusal: string;
  readonly details: unknown;
  /** The id of the trace, where there is one. */
  readonly trace?: string;
}

/** The call did not come to an answer. */
export interface Failed extends AnswerNews {
  readonly kind: "failed";
  readonly problem: ProblemDocument;
}

/** What comes back from a call. */
export type CallAnswer = Answered | RefusedAnswer | Failed;

/** What a call may cost, and how it is given up. */
export interface CallBounds {
  /** Milliseconds that are left. */
  readonly deadlineMs: number;
  /** Aborts when the caller no longer waits; the work behind the call is then given up as well. */
  readonly signal: AbortSignal;
}

/** What a transport needs besides the request; none of it travels. */
export interface TransportOptions extends CallBounds {
  /** The operation as the caller's version declares it: where it is found and how its input is written. */
  readonly declared: Operation;
}

/**
 * Carries calls to where they are answered. A transport wraps another to add retries, a breaker or
 * a measure: it sees the whole call and the whole answer.
 *
 * @throws `CALL_UNREACHABLE`, `ANSWER_INVALID` or `ANSWER_TOO_LARGE` where no answer could be had,
 * and the signal's reason when it aborts.
 */
export interface CallTransport {
  readonly call: (request: CallRequest, options: TransportOptions) => Promise<CallAnswer>;
}
