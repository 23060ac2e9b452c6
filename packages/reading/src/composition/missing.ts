import { calleeFailure } from "@polder/http";
import type { Missing, PolderError } from "@polder/model";

/** That a part is missing because its call failed: with the code of the failure, as the other side said it. */
export function missingBecause(source: string, error: PolderError): Missing {
  const { problem } = (error.details ?? {}) as { readonly problem?: { readonly refusal?: unknown } };
  // A newer owner may refuse in a way that the version that is needed has no name for.
  if (typeof problem?.refusal === "string") return missingRefused(source, problem.refusal);
  return { source, code: calleeFailure(error)?.code ?? error.code };
}

/** That a part is missing because its owner refused. */
export function missingRefused(source: string, refusal: string): Missing {
  return { source, code: "REFUSED", refusal };
}
