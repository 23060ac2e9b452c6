import { isPolderError } from "@polder/model";
import type { Dependency, ProblemDocument } from "./problem.ts";

/** That a call failed because of the one that was called, or of the way there. */
export interface CalleeFailure extends Dependency {
  /** It took too long. */
  readonly isTimeout: boolean;
  /** How long the other side asks to be left alone, in milliseconds, if it does. */
  readonly retryAfterMs: number | undefined;
}

/** The codes of a call that the other side is to blame for, whatever their details. */
const codes: readonly string[] = [
  "ANSWER_INVALID",
  "ANSWER_TOO_LARGE",
  "CALL_BULKHEAD_FULL",
  "CALL_CIRCUIT_OPEN",
  "CALL_DEADLINE_EXCEEDED",
  "CALL_UNREACHABLE",
  "DEPENDENCY_FAILED",
  "OPERATION_UNKNOWN",
  "OVERLOADED",
  "READ_MODEL_BEHIND",
  "SAGA_ABORTED",
  "SHUTTING_DOWN",
  "VERSION_RETIRED",
  "VERSION_UNKNOWN",
];

/**
 * Says whether an error is the failure of a call's other side: nobody answered, it was too slow, too busy or too far
 * behind, it broke inside, it took back what it had begun, or what it serves is not what its contract says. Refusals are
 * none, nor is what the caller did wrong or gave up by itself.
 */
export function calleeFailure(error: unknown): CalleeFailure | undefined {
  if (!isPolderError(error)) return undefined;
  const { api, operation, problem, retryAfterMs } = (error.details ?? {}) as Partial<FailedCallDetails>;
  if (typeof api !== "string" || typeof operation !== "string") return undefined;
  const isBroken = error.code === "CALL_FAILED" && problem !== undefined && problem.status >= 500;
  if (!isBroken && !codes.includes(error.code)) return undefined;
  const code = plainCode(problem?.code ?? error.code);
  return {
    api,
    operation,
    code,
    isTimeout: code === "CALL_DEADLINE_EXCEEDED" || problem?.status === 504,
    retryAfterMs: problem?.retryAfterMs ?? retryAfterMs,
  };
}

interface FailedCallDetails {
  readonly api: string;
  readonly operation: string;
  readonly problem: ProblemDocument;
  readonly retryAfterMs: number;
}

/** A code from elsewhere goes on to others, so it must look like one. */
function plainCode(code: string): string {
  return /^[A-Z][A-Z0-9_]{0,59}$/.test(code) ? code : "CALL_FAILED";
}
