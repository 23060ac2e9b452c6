import type { Violation } from "@polder/contracts";
import { defineErrors, type ErrorMakers } from "@polder/model";
import type { Dependency, ProblemDocument } from "./problem.ts";

/** The operation that an error is about. */
export interface OperationDetails {
  readonly api: string;
  readonly operation: string;
}

/**
 * The codes of this package, with what each carries. An error that the other side of a call answered
 * carries `{ api, operation, problem }` instead, whatever its code.
 */
export interface HttpErrors {
  readonly ANSWER_INVALID: OperationDetails & { readonly violations: readonly Violation[] };
  readonly ANSWER_TOO_LARGE: OperationDetails & { readonly bytesMax: number };
  readonly BODY_TOO_LARGE: { readonly bytesMax: number };
  readonly CALLER_AUDIENCE_WRONG: { readonly caller: string; readonly callee: string };
  readonly CALLER_FORGED: { readonly reason: string };
  readonly CALLER_KEY_UNKNOWN: { readonly callee: string };
  readonly CALLER_MISSING: OperationDetails;
  readonly CALLER_TOKEN_EARLY: { readonly caller: string; readonly seconds: number };
  readonly CALLER_TOKEN_EXPIRED: { readonly caller: string; readonly seconds: number };
  readonly CALLER_TOKEN_INVALID: { readonly reason: string };
  readonly CALLER_TOKEN_MISUSED: OperationDetails & { readonly caller: string };
  readonly CALLER_TOKEN_REPLAYED: OperationDetails & { readonly caller: string };
  readonly CALLER_UNDECLARED: OperationDetails & { readonly caller: string };
  readonly CALL_ABORTED: OperationDetails;
  readonly CALL_BULKHEAD_FULL: OperationDetails & {
    readonly callee: string;
    readonly concurrentMax: number;
    readonly queueMax: number;
  };
  /** `retryAfterMs` is 0 while a probe is under way. */
  readonly CALL_CIRCUIT_OPEN: OperationDetails & { readonly callee: string; readonly retryAfterMs: number };
  readonly CALL_DEADLINE_EXCEEDED: OperationDetails & { readonly deadlineMs: number };
  readonly CALL_FAILED: OperationDetails & { readonly problem: ProblemDocument };
  readonly CALL_UNREACHABLE: OperationDetails & { readonly retryAfterMs?: number };
  readonly DEPENDENCY_FAILED: OperationDetails & { readonly dependency: Dependency; readonly retryAfterMs?: number };
  readonly HANDLER_FAILED: { readonly what: string };
  readonly IDEMPOTENCY_KEY_INVALID: OperationDetails;
  readonly INPUT_INVALID: OperationDetails & { readonly violations: readonly Violation[] };
  readonly ISSUER_MISSING: { readonly operations: readonly string[] };
  readonly JSON_BROKEN: { readonly position: number; readonly line: number; readonly column: number };
  readonly KEYS_UNAVAILABLE: { readonly source: string };
  readonly MEDIA_TYPE_UNSUPPORTED: { readonly contentType: string };
  readonly METHOD_NOT_ALLOWED: { readonly path: string; readonly allowed: readonly string[] };
  readonly OPERATION_UNKNOWN: { readonly wanted: string };
  readonly OVERLOADED: { readonly limit: string };
  readonly PERMISSION_MISSING: OperationDetails & { readonly permission: string };
  readonly PORT_IN_USE: { readonly host: string; readonly port: number };
  readonly RATE_LIMITED: { readonly retryAfterMs: number };
  /** Never thrown: how a declared refusal travels over HTTP. */
  readonly REFUSED: { readonly refusal: string };
  readonly REFUSAL_UNDECLARED: OperationDetails & { readonly refusal: string };
  readonly SHUTTING_DOWN: object;
  readonly USER_MISSING: OperationDetails;
  readonly USER_TOKEN_EXPIRED: object;
  readonly USER_TOKEN_INVALID: { readonly reason: string };
  readonly VERSION_RETIRED: {
    readonly api: string;
    readonly version: string;
    readonly living: readonly string[];
    readonly notice: string;
  };
  readonly VERSION_UNKNOWN: { readonly api: string; readonly version: string; readonly living: readonly string[] };
}

/** The errors of @polder/http. Each code has a page under `docs/errors`. */
export const httpErrors: ErrorMakers<HttpErrors> = defineErrors<HttpErrors>({
  ANSWER_INVALID: "The answer of a call is not what its contract says",
  ANSWER_TOO_LARGE: "The answer of a call is too large",
  BODY_TOO_LARGE: "What a call hands in is too large",
  CALLER_AUDIENCE_WRONG: "The token of a caller is for another domain",
  CALLER_FORGED: "The token of a caller is forged",
  CALLER_KEY_UNKNOWN: "The token of a caller is signed with an unknown key",
  CALLER_MISSING: "A call does not say who calls",
  CALLER_TOKEN_EARLY: "The token of a caller is not valid yet",
  CALLER_TOKEN_EXPIRED: "The token of a caller has run out",
  CALLER_TOKEN_INVALID: "The token of a caller cannot be used",
  CALLER_TOKEN_MISUSED: "The token of a caller is of another request",
  CALLER_TOKEN_REPLAYED: "The token of a caller was used before",
  CALLER_UNDECLARED: "The caller may not call this",
  CALL_ABORTED: "The caller gave the call up",
  CALL_BULKHEAD_FULL: "As many calls to a domain are under way as may be",
  CALL_CIRCUIT_OPEN: "Too many calls to a domain have failed",
  CALL_DEADLINE_EXCEEDED: "A call took longer than its deadline",
  CALL_FAILED: "A call failed at the other side",
  CALL_UNREACHABLE: "The other side of a call cannot be reached",
  DEPENDENCY_FAILED: "A call that the operation needs has failed",
  HANDLER_FAILED: "The operation failed for a reason of its own",
  IDEMPOTENCY_KEY_INVALID: "An idempotency key cannot be used",
  INPUT_INVALID: "What a call hands in is not what its contract says",
  ISSUER_MISSING: "The gateway has no issuer of tokens",
  JSON_BROKEN: "The body of a request is no JSON",
  KEYS_UNAVAILABLE: "Public keys cannot be had",
  MEDIA_TYPE_UNSUPPORTED: "The body of a request is not marked as JSON",
  METHOD_NOT_ALLOWED: "The path is served, but not with this method",
  OPERATION_UNKNOWN: "No such operation is served",
  OVERLOADED: "The server is doing as much as it may",
  PERMISSION_MISSING: "The user lacks a permission",
  PORT_IN_USE: "The port is taken",
  RATE_LIMITED: "The caller calls too often",
  REFUSED: "The operation was refused",
  REFUSAL_UNDECLARED: "A handler refused in a way that its contract does not declare",
  SHUTTING_DOWN: "The server is about to stop",
  USER_MISSING: "The operation is for users who have signed in",
  USER_TOKEN_EXPIRED: "The token of a user has run out",
  USER_TOKEN_INVALID: "The token of a user cannot be used",
  VERSION_RETIRED: "This version of the API is no longer served",
  VERSION_UNKNOWN: "No such version of the API is served",
});
