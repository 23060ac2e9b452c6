/**
 * The HTTP status of each code that may reach a caller (RFC 9110; 499 is nginx's for a caller that
 * has gone). The only place where codes meet statuses; a code that is not listed never leaves the
 * process and becomes `HANDLER_FAILED`.
 */
const statuses: Readonly<Record<string, number>> = {
  INPUT_INVALID: 400,
  IDEMPOTENCY_KEY_INVALID: 400,
  JSON_BROKEN: 400,
  POSITION_INVALID: 400,
  CALLER_AUDIENCE_WRONG: 401,
  CALLER_FORGED: 401,
  CALLER_KEY_UNKNOWN: 401,
  CALLER_MISSING: 401,
  CALLER_TOKEN_EARLY: 401,
  CALLER_TOKEN_EXPIRED: 401,
  CALLER_TOKEN_INVALID: 401,
  CALLER_TOKEN_MISUSED: 401,
  CALLER_TOKEN_REPLAYED: 401,
  USER_MISSING: 401,
  USER_TOKEN_EXPIRED: 401,
  USER_TOKEN_INVALID: 401,
  CALLER_UNDECLARED: 403,
  PERMISSION_MISSING: 403,
  OPERATION_UNKNOWN: 404,
  VERSION_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  REFUSED: 409,
  SAGA_ABORTED: 409,
  VERSION_RETIRED: 410,
  READ_MODEL_BEHIND: 412,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  CONVERSION_IMPOSSIBLE: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  CALL_ABORTED: 499,
  ANSWER_TOO_LARGE: 500,
  COMPOSITION_TOO_WIDE: 500,
  CONTRACT_VIOLATED: 500,
  CONVERSION_FAILED: 500,
  HANDLER_FAILED: 500,
  NOT_DECLARED: 500,
  REFUSAL_UNDECLARED: 500,
  ANSWER_INVALID: 502,
  CALL_FAILED: 502,
  CALL_UNREACHABLE: 502,
  CALL_BULKHEAD_FULL: 503,
  CALL_CIRCUIT_OPEN: 503,
  DEPENDENCY_FAILED: 503,
  KEYS_UNAVAILABLE: 503,
  OVERLOADED: 503,
  POSTGRES_BUSY: 503,
  POSTGRES_FULL: 503,
  POSTGRES_UNREACHABLE: 503,
  SHUTTING_DOWN: 503,
  CALL_DEADLINE_EXCEEDED: 504,
};

/** The HTTP status of an error's code, or nothing for a code that callers never see. */
export function statusOfCode(code: string): number | undefined {
  return Object.hasOwn(statuses, code) ? statuses[code] : undefined;
}

/** Every code that may reach a caller, with its status. */
export function codesWithStatus(): readonly (readonly [code: string, status: number])[] {
  return Object.entries(statuses);
}
