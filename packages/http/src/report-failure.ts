import { randomUUID } from "node:crypto";
import { isPolderError, type LogFields, type Logger } from "@polder/model";
import type { CalleeFailure } from "./callee-failure.ts";
import { dependencyProblem } from "./dependency-failed.ts";
import { httpErrors, type OperationDetails } from "./errors.ts";
import { hiddenProblemOf, type ProblemDocument } from "./problem.ts";
import { statusOfCode } from "./status-of-code.ts";
import { markCorrelation } from "./tracing.ts";

/** What failed, and where that is written down. */
export interface Failure {
  readonly logger: Logger;
  /** Such as `inventory.reserve`. */
  readonly what: string;
  readonly fields?: LogFields;
}

/**
 * Writes an error that its caller is not to see to the log, with stack and causes, and gives the
 * problem document that names it: a code of the server's that callers know stays, any other is
 * `HANDLER_FAILED`.
 */
export function reportFailure(error: unknown, { logger, what, fields }: Failure): ProblemDocument {
  const correlationId = randomUUID();
  markCorrelation(correlationId);
  logger.error(`${what} failed`, { ...fields, correlationId, error });
  const isKnown = isPolderError(error) && (statusOfCode(error.code) ?? 0) >= 500;
  const known = isKnown ? error : httpErrors.HANDLER_FAILED(`${what} failed.`, { what }, { cause: error });
  // A converter belongs to the contract, which is published; the contract's owner is told by whoever calls.
  const isOfContract = isPolderError(error, "CONVERSION_FAILED");
  return hiddenProblemOf(known, correlationId, isOfContract ? error.message : undefined);
}

/**
 * Writes to the log that an operation failed because a call that it made did, and gives the problem document that says
 * so: it names what was called and the code, never what the other side said.
 */
export function reportDependencyFailure(
  error: unknown,
  failed: CalleeFailure,
  { logger, what, fields, request }: Failure & { readonly request: OperationDetails },
): ProblemDocument {
  const correlationId = randomUUID();
  logger.warn(`${what} failed because ${failed.api}.${failed.operation} did`, { ...fields, correlationId, error });
  return dependencyProblem(request, failed, correlationId);
}
