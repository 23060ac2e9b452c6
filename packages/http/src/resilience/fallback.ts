import { trace } from "@opentelemetry/api";
import { conform } from "@polder/contracts";
import { type Fallback, isPolderError, type Logger } from "@polder/model";
import type { OutgoingCall } from "../call.ts";
import { calleeFailure } from "../callee-failure.ts";
import { jsonTextOf } from "../json.ts";

/** What stands in for a query that failed. */
export interface FallbackParts {
  readonly fallback: Fallback | undefined;
  /** The input of the call, defaults filled in; it is given away. */
  readonly input: unknown;
  readonly logger: Logger;
}

/**
 * Answers a query whose call failed with the caller's own fallback, held to the contract as an answer would be. The
 * outcome, the log and the span (`polder.fallback`) have the code of the failure. Where there is no fallback, where the
 * failure is not the other side's, and where the fallback itself fails, the call fails as it did.
 *
 * @throws the call's own error.
 */
export async function fallBack(
  error: unknown,
  outgoing: OutgoingCall,
  { fallback, input, logger }: FallbackParts,
): Promise<unknown> {
  if (fallback === undefined || !isPolderError(error) || calleeFailure(error) === undefined) throw error;
  const { api, operation, declared } = outgoing;
  const fields = { api, operation, error };
  try {
    const what = `The fallback of ${api}.${operation}`;
    const copy: unknown = JSON.parse(jsonTextOf(fallback(input as never), what));
    const value = await conform(declared.output, "writer", copy, what);
    logger.info(`The fallback of ${api}.${operation} answered`, fields);
    trace.getActiveSpan()?.setAttributes({ "polder.fallback": error.code, "error.type": error.code });
    return { ok: true, value, fallback: error.code };
  } catch (mistake) {
    logger.error(`The fallback of ${api}.${operation} failed, so the call failed as it would have without one`, {
      ...fields,
      error: mistake,
      failure: error,
    });
    throw error;
  }
}
