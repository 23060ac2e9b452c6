import type { OperationDetails } from "@polder/http";
import type { PolderError } from "@polder/model";
import { readingErrors } from "../errors.ts";
import type { SeenCopy } from "./seen-copy.ts";

/** The error of a query whose copy has not come as far as it was asked to be; `cause` is what kept anybody from looking. */
export function behind({ api, operation }: OperationDetails, seen: SeenCopy, cause: unknown): PolderError {
  const { wanted, progress } = seen;
  const { name: readModel } = wanted.copy;
  const { publisher } = wanted.position;
  return readingErrors.READ_MODEL_BEHIND(
    `What ${api}.${operation} reads is not as new as it was asked to be: "${readModel}" ${why(seen)}. Ask again in a moment, or without notBefore for an answer that may be older.`,
    {
      behind: {
        readModel,
        publisher,
        ...(progress === undefined ? {} : { lagEvents: Number(progress.lag) }),
        parkedEvents: progress?.parked ?? 0,
      },
    },
    { cause },
  );
}

function why({ wanted, located, progress }: SeenCopy): string {
  const { publisher } = wanted.position;
  if (!wanted.copy.isFilled) return `is being filled from "${publisher}"`;
  if (progress === undefined) {
    if (located === undefined) return `is fed by "${publisher}", whose log could not be looked at in time`;
    return `waits for events of "${publisher}" that have committed, but are not in its log yet`;
  }
  if (progress.lag > 0n) return `has ${progress.lag} positions of the log of "${publisher}" still to look at`;
  if (progress.dead > 0)
    return `has given up ${progress.dead} of these events of "${publisher}"; see to them with "polder dead-letters"`;
  return `could not handle ${progress.parked} of these events of "${publisher}" yet, and tries them again`;
}
