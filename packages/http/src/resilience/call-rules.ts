import { type Problem, refuseProblems } from "@polder/model";

/** What a process does so that the failure of a domain that it calls stays the failure of that domain. */
export interface CallRules {
  /** Calls under way to one domain at once. Default 64. */
  readonly concurrentMax: number;
  /** Calls that wait for their turn to a domain; 0 lets none wait. Default 64. */
  readonly queueMax: number;
  /** Attempts at a call that may be repeated, with the first one; 1 repeats nothing. Default 3. */
  readonly attemptsMax: number;
  /**
   * Longest wait before the second attempt, in milliseconds; it doubles with each further one. The wait is any time
   * from 0 up to it ("full jitter"), so that callers that failed together do not come back together. Default 100.
   */
  readonly backoffMs: number;
  /** Longest wait between two attempts, in milliseconds, unless the other side asks for more. Default 2,000. */
  readonly backoffMaxMs: number;
  /** Failures one after the other that open the circuit to a domain. Default 5. */
  readonly failuresMax: number;
  /** Share of failures within the window that opens it as well, above 0 and up to 1. Default 0.5. */
  readonly failureRateMax: number;
  /** How far back that share looks, in milliseconds. Default 10,000. */
  readonly windowMs: number;
  /** Calls in the window below which the share says nothing. Default 20. */
  readonly windowCallsMin: number;
  /**
   * An attempt that is given up without an answer is a failure when it was under way for so long, in milliseconds.
   * Given up sooner, it says more about the caller's patience than about the domain. Default 1,000.
   */
  readonly slowAfterMs: number;
  /**
   * How long the circuit stays open before calls probe the domain again, in milliseconds. Default 1,000: a probe a
   * second harms nobody, and a domain that was only restarted is soon called again.
   */
  readonly openMs: number;
  /** Calls that probe a domain at once; all of them must succeed for the circuit to close. Default 1. */
  readonly probes: number;
}

/** The rules for which nothing else is said. */
export const callRules: CallRules = {
  concurrentMax: 64,
  queueMax: 64,
  attemptsMax: 3,
  backoffMs: 100,
  backoffMaxMs: 2_000,
  failuresMax: 5,
  failureRateMax: 0.5,
  windowMs: 10_000,
  windowCallsMin: 20,
  slowAfterMs: 1_000,
  openMs: 1_000,
  probes: 1,
};

/**
 * Rules with the defaults filled in.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function completeRules(given: Partial<CallRules> = {}): CallRules {
  refuseProblems("the rules of calls", callRulesProblems(given, "rules"));
  return { ...callRules, ...given };
}

/** The least that each rule may be. */
const leasts: Readonly<Record<keyof CallRules, number>> = {
  concurrentMax: 1,
  queueMax: 0,
  attemptsMax: 1,
  backoffMs: 0,
  backoffMaxMs: 0,
  failuresMax: 1,
  failureRateMax: 0,
  windowMs: 10,
  windowCallsMin: 1,
  slowAfterMs: 0,
  openMs: 1,
  probes: 1,
};

/** Attempts at one call at most, whatever the rules say: more only keep a broken domain from coming back. */
const ATTEMPTS_MAX = 10;

/** What is wrong with rules that somebody wrote down, all of it; `place` is where they stand. Pure. */
export function callRulesProblems(value: unknown, place: string): readonly Problem[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [{ place, problem: "must be an object such as { concurrentMax: 32 }" }];
  return Object.entries(value).flatMap(([name, given]): readonly Problem[] => {
    const problem = Object.hasOwn(leasts, name)
      ? ruleProblem(name as keyof CallRules, given)
      : `is no setting; there are ${Object.keys(leasts).join(", ")}`;
    return problem === undefined ? [] : [{ place: `${place}.${name}`, problem }];
  });
}

function ruleProblem(name: keyof CallRules, given: unknown): string | undefined {
  if (name === "failureRateMax")
    return typeof given === "number" && given > 0 && given <= 1 ? undefined : "must be a number above 0 and up to 1";
  const most = name === "attemptsMax" ? ATTEMPTS_MAX : Number.MAX_SAFE_INTEGER;
  if (Number.isInteger(given) && Number(given) >= leasts[name] && Number(given) <= most) return undefined;
  return `must be a whole number from ${leasts[name]} ${name === "attemptsMax" ? `to ${ATTEMPTS_MAX}` : "on"}`;
}
