import type { PolderError } from "@polder/model";
import { httpErrors, type OperationDetails } from "./errors.ts";

/** The error of a call that nobody answered. */
export function unreachable(
  { api, operation }: OperationDetails,
  cause: unknown,
  retryAfterMs?: number | undefined,
): PolderError {
  const reason = cause instanceof Error ? reasonOf(cause) : String(cause);
  return httpErrors.CALL_UNREACHABLE(
    `The call of ${api}.${operation} got no answer: ${reason}. It may have happened all the same: repeat a command ` +
      "with the same idempotency key, once the other side runs and its address is right.",
    { api, operation, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    { cause },
  );
}

/** What `fetch` itself says is only that it failed; the reason is its cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
