import { type Violation, validatorOf } from "@polder/contracts";
import { type AnySchema, PolderError } from "@polder/model";
import type { CallAnswer, OutgoingCall } from "./call.ts";
import { httpErrors, type OperationDetails } from "./errors.ts";
import { type ProblemDocument, refusalProblem } from "./problem.ts";

/**
 * Reads the answer of a call as its caller's version declares it: fields that this version does not
 * know are kept, defaults filled in.
 *
 * @throws `ANSWER_INVALID` where the answer breaks the contract, and what the other side answered
 * instead of a result.
 */
export async function readAnswer(outgoing: OutgoingCall, answer: CallAnswer): Promise<unknown> {
  const { declared } = outgoing;
  switch (answer.kind) {
    case "answered": {
      const value = await readAs(declared.output, answer.output, outgoing);
      return { ok: true, value, ...(answer.position === undefined ? {} : { position: answer.position }) };
    }
    case "refused": {
      const { refusal } = answer;
      const schema = Object.hasOwn(declared.refusals, refusal) ? declared.refusals[refusal] : undefined;
      // A newer server may refuse in ways that this caller's version has no name for.
      if (schema === undefined) throw callError(outgoing, refusalProblem(refusal, answer.details));
      const details = await readAs(schema, answer.details, outgoing);
      return { ok: false, refusal, details };
    }
    case "failed":
      throw callError(outgoing, answer.problem);
  }
}

/** The error of an answer that cannot be used; it carries every violation. */
export function answerInvalid(
  { api, operation }: OperationDetails,
  violations: readonly Violation[],
  cause?: unknown,
): PolderError {
  const places = violations.slice(0, NAMED_MAX).map(({ pointer, problem }) => `${pointer || "the answer"} ${problem}`);
  return httpErrors.ANSWER_INVALID(
    `The answer of ${api}.${operation} cannot be used: ${places.join("; ")}. A command may have happened all the same. ` +
      "Ask the owner of the API; the server breaks its contract, or something else answers at its address.",
    { api, operation, violations },
    { cause },
  );
}

/** Places that a message names at most. */
const NAMED_MAX = 10;

async function readAs(schema: AnySchema, value: unknown, outgoing: OutgoingCall): Promise<unknown> {
  const read = await validatorOf(schema, "reader")(value);
  if (read.valid) return read.value;
  throw answerInvalid(outgoing, read.violations);
}

/** A code of this package means the same on both sides; any other is a matter of the other side's inside. */
function callError({ api, operation }: OperationDetails, problem: ProblemDocument): PolderError {
  const details = { api, operation, problem };
  if (rethrown.has(problem.code))
    return new PolderError(problem.code, problem.detail, details, { title: problem.title });
  return httpErrors.CALL_FAILED(
    `The call of ${api}.${operation} failed at the other side with ${problem.code}: ${problem.detail}`,
    details,
  );
}

/** What the other side says of this very call, and not of its inside; that a call failed which it made itself, it says as `DEPENDENCY_FAILED`. */
const rethrown: ReadonlySet<string> = new Set([
  "BODY_TOO_LARGE",
  "CALLER_AUDIENCE_WRONG",
  "CALLER_FORGED",
  "CALLER_KEY_UNKNOWN",
  "CALLER_MISSING",
  "CALLER_TOKEN_EARLY",
  "CALLER_TOKEN_EXPIRED",
  "CALLER_TOKEN_INVALID",
  "CALLER_TOKEN_MISUSED",
  "CALLER_TOKEN_REPLAYED",
  "CALLER_UNDECLARED",
  "CALL_ABORTED",
  "CALL_DEADLINE_EXCEEDED",
  "DEPENDENCY_FAILED",
  "IDEMPOTENCY_KEY_INVALID",
  "INPUT_INVALID",
  "JSON_BROKEN",
  "KEYS_UNAVAILABLE",
  "MEDIA_TYPE_UNSUPPORTED",
  "METHOD_NOT_ALLOWED",
  "OPERATION_UNKNOWN",
  "OVERLOADED",
  "PERMISSION_MISSING",
  "POSITION_INVALID",
  "RATE_LIMITED",
  "READ_MODEL_BEHIND",
  "SAGA_ABORTED",
  "SHUTTING_DOWN",
  "USER_MISSING",
  "USER_TOKEN_EXPIRED",
  "USER_TOKEN_INVALID",
  "VERSION_RETIRED",
  "VERSION_UNKNOWN",
]);
