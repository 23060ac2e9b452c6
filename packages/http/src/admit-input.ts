import { type Violation, validatorOf } from "@polder/contracts";
import type { Operation, PolderError } from "@polder/model";
import { httpErrors, type OperationDetails } from "./errors.ts";
import { isDeeperThan, JSON_DEPTH_MAX } from "./json.ts";
import { urlViolations } from "./url-fields.ts";

/**
 * Says where an input breaks its contract, all places at once; otherwise gives it with the defaults
 * filled in. Both sides of a call ask this: the caller before it sends, the server before it runs.
 */
export async function admitInput(
  declared: Operation,
  input: unknown,
): Promise<{ readonly value: unknown; readonly violations: readonly Violation[] }> {
  if (isDeeperThan(input, JSON_DEPTH_MAX)) {
    return { value: input, violations: [{ pointer: "", problem: `has more than ${JSON_DEPTH_MAX} levels` }] };
  }
  const inUrl = urlViolations(declared, input);
  const validated = await validatorOf(declared.input, "writer")(input);
  if (validated.valid) return { value: validated.value, violations: inUrl };
  return { value: input, violations: [...inUrl, ...validated.violations] };
}

/** Places that a message names before it only counts the rest. */
const NAMED_MAX = 10;

/** The error of an input that breaks its contract; it carries every violation. */
export function inputInvalid({ api, operation }: OperationDetails, violations: readonly Violation[]): PolderError {
  const places = violations.slice(0, NAMED_MAX).map(({ pointer, problem }) => `${pointer || "the input"} ${problem}`);
  const more = violations.length > NAMED_MAX ? `; and ${violations.length - NAMED_MAX} more` : "";
  return httpErrors.INPUT_INVALID(
    `The input of ${api}.${operation} is not what its contract says: ${places.join("; ")}${more}. Nothing was done; correct the input.`,
    { api, operation, violations },
  );
}
