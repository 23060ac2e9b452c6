import type { Operation } from "@polder/model";
import { codesWithStatus, statusOfCode } from "../status-of-code.ts";

/**
 * Who reads a document: whoever comes from outside, through the gateway, and sees only what has an `access`; or the
 * other domains, which call each other directly.
 */
export type Audience = "gateway" | "domains";

/** Codes that no caller of an operation that is documented gets: it has gone, or asked for another path. */
const elsewhere = new Set(["CALL_ABORTED", "METHOD_NOT_ALLOWED", "VERSION_RETIRED"]);
/** Codes of what only commands have: a body and an idempotency key. */
const ofCommands = new Set([
  "BODY_TOO_LARGE",
  "IDEMPOTENCY_KEY_INVALID",
  "IDEMPOTENCY_KEY_REUSED",
  "JSON_BROKEN",
  "MEDIA_TYPE_UNSUPPORTED",
  "SAGA_ABORTED",
]);
/** Codes of what only queries have: positions that their answers are not to be older than. */
const ofQueries = new Set(["POSITION_INVALID", "READ_MODEL_BEHIND"]);
/** Codes of the gateway, which asks who the user is. */
const ofGateway = new Set(["RATE_LIMITED", "USER_TOKEN_EXPIRED", "USER_TOKEN_INVALID"]);

/** The codes with which a call of an operation may fail, by HTTP status; declared refusals apart. */
export function possibleProblems(
  { kind, access, refusals }: Pick<Operation, "kind" | "access"> & { readonly refusals: object },
  audience: Audience,
): ReadonlyMap<number, readonly string[]> {
  const isPossible = (code: string): boolean => {
    if (code === "REFUSED") return Object.keys(refusals).length > 0;
    if (elsewhere.has(code)) return false;
    if (ofCommands.has(code)) return kind === "command";
    // Only queries are composed.
    if (code === "COMPOSITION_TOO_WIDE") return kind === "query";
    if (ofQueries.has(code)) return kind === "query";
    // The gateway is a caller itself, and tells nobody how its own calls are admitted.
    if (code.startsWith("CALLER_")) return audience === "domains";
    if (code === "USER_MISSING") return audience === "gateway" && access !== "anyone";
    if (code === "PERMISSION_MISSING")
      return audience === "gateway" && access !== "anyone" && access !== "signed-in" && access !== undefined;
    return !ofGateway.has(code) || audience === "gateway";
  };
  const found = new Map<number, string[]>();
  // A call that was made on the way and took too long: the code of a dependency, the status of a deadline.
  const late = ["DEPENDENCY_FAILED", statusOfCode("CALL_DEADLINE_EXCEEDED") ?? 0] as const;
  for (const [code, status] of [...codesWithStatus(), late]) {
    if (isPossible(code)) found.set(status, [...(found.get(status) ?? []), code]);
  }
  return found;
}
