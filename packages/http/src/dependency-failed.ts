import type { PolderError } from "@polder/model";
import type { CalleeFailure } from "./callee-failure.ts";
import { httpErrors, type OperationDetails } from "./errors.ts";
import { type ProblemDocument, problemOf } from "./problem.ts";
import { statusOfCode } from "./status-of-code.ts";

/**
 * The problem document of an operation that failed because a call that it made did: status 503, or 504 where that call
 * took too long. It names the operation that was called and how that failed, and nothing of what was said there.
 */
export function dependencyProblem(
  call: OperationDetails,
  { api, operation, code, isTimeout, retryAfterMs }: CalleeFailure,
  correlationId: string,
): ProblemDocument {
  const problem = problemOf(dependencyFailed(call, { api, operation, code, retryAfterMs }));
  const status = isTimeout ? (statusOfCode("CALL_DEADLINE_EXCEEDED") ?? problem.status) : problem.status;
  return { ...problem, status, instance: `urn:uuid:${correlationId}` };
}

function dependencyFailed(
  call: OperationDetails,
  { api, operation, code, retryAfterMs }: Omit<CalleeFailure, "isTimeout">,
): PolderError {
  return httpErrors.DEPENDENCY_FAILED(
    `${call.api}.${call.operation} could not be done, because it needs ${api}.${operation}, which failed with ${code}. ` +
      "Try again later, a command with the same idempotency key.",
    {
      api: call.api,
      operation: call.operation,
      dependency: { api, operation, code },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
}
