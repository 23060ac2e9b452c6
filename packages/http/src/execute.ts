import type { Handler, Implementation, User } from "@polder/model";
import type { Answered, RefusedAnswer } from "./call.ts";

/** A call that was let in: its operation is known and its input is valid. */
export interface AdmittedCall {
  /** The version that the caller was written for. */
  readonly version: string;
  /** As the newest version of the contract says it, defaults filled in. */
  readonly input: unknown;
  /** What the caller asked for, in the words of its own version: by this a repeated command is known. */
  readonly asked: { readonly operation: string; readonly major: number; readonly input: unknown };
  /** The caller's idempotency key, if it gave one. */
  readonly key?: string;
  /** The domain that calls, or `gateway`, where that is known. */
  readonly caller?: string;
  /** Somebody from outside on whose behalf the call is made. */
  readonly user?: User;
  /** What the user's token permits, where the call is answered at the gateway itself. */
  readonly permissions?: ReadonlySet<string>;
  /** Of a query: the answer is not to be older than what these positions stand for; at least one. */
  readonly notBefore?: readonly string[];
  /** Aborts when the deadline has passed, the caller has gone, or the process stops hard. Work for the call ends then. */
  readonly signal: AbortSignal;
  /** Milliseconds left of the deadline: calls made on behalf of this one take no longer. */
  readonly remainingMs: () => number;
  /** W3C trace context, as the caller sent it. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Holds what the handler answered against the contract and gives it as the caller will get it, at the caller's version.
   * An executor calls it before it commits, so that what cannot be answered does not happen.
   *
   * @throws `CONTRACT_VIOLATED`, `REFUSAL_UNDECLARED`, `ANSWER_TOO_LARGE`, `CONVERSION_FAILED`,
   * `CONVERSION_IMPOSSIBLE`, and the signal's reason when nobody waits for the answer any more.
   */
  readonly conclude: (answer: unknown) => Promise<Executed>;
}

/** How a call that was let in ended: an answer or a refusal that the contract declares. */
export type Executed = Answered | RefusedAnswer;

/**
 * Runs a handler for a call: gives it its context, holds it in a transaction, and ends that with
 * `conclude`. A repeated command may get the first answer without another run.
 *
 * It settles soon after the call's signal has aborted, also where the handler does not: until then
 * the call counts as running.
 */
export type Execute = (handler: Handler, call: AdmittedCall) => Promise<Executed>;

/**
 * Finds what a keyed command was answered before, without running anything: for one whose input, as a release since then
 * understands it, can no longer be brought to the newest version.
 */
export type FindAnswered = (handler: Handler, call: Omit<AdmittedCall, "input">) => Promise<Executed | undefined>;

/** A domain and the one who runs its handlers. */
export interface ServedDomain {
  readonly implementation: Implementation;
  readonly execute: Execute;
  /** Default: no answers are kept. */
  readonly findAnswered?: FindAnswered;
}
