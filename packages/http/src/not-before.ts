import { type CallOptions, modelErrors, type Operation, type PolderError, readPosition } from "@polder/model";
import type { OperationDetails } from "./errors.ts";
import { urlFieldsOf } from "./url-fields.ts";

/** The header in which the answer of a command says what it has published. */
export const POSITION_HEADER = "polder-position";
/** The header in which a query asks for an answer that is not older than some positions, separated by commas. */
export const NOT_BEFORE_HEADER = "polder-not-before";
/** The parameter in which it may do so as well, for whoever can only write a URL. */
export const NOT_BEFORE_PARAMETER = "notBefore" as const;

/** Positions that one query asks for at most. */
export const POSITIONS_MAX = 20;

/** Positions as they travel: each once, in the order in which they were given. */
export function positionsOf(...given: readonly CallOptions["notBefore"][]): readonly string[] {
  return [...new Set(given.flat().filter((position) => position !== undefined))];
}

/** Reads a list that is separated by commas (RFC 9110, section 5.6.1): empty elements count for nothing. */
export function positionsIn(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Whether an operation takes positions in its query string: a field of its own goes first. */
export function takesParameter(declared: Operation): boolean {
  return declared.kind === "query" && !urlFieldsOf(declared).schemas.has(NOT_BEFORE_PARAMETER);
}

/**
 * Checks the positions that a call asks for: only queries may, for at most 20, and each as the answer of a command said
 * it.
 *
 * @throws `POSITION_INVALID` with every one that is none.
 */
export function checkNotBefore(
  notBefore: readonly string[],
  operation: OperationDetails & { readonly declared: Operation },
): void {
  const violations = [
    ...(operation.declared.kind === "command" ? [{ pointer: POINTER, problem: "is for queries only" }] : []),
    ...(notBefore.length > POSITIONS_MAX
      ? [{ pointer: POINTER, problem: `has ${notBefore.length} positions; ${POSITIONS_MAX} are allowed` }]
      : []),
    ...notBefore
      .slice(0, POSITIONS_MAX)
      .flatMap((position, index) =>
        readPosition(position) === undefined ? [{ pointer: `${POINTER}/${index}`, problem: "is no position" }] : [],
      ),
  ];
  if (violations.length > 0) throw positionInvalid(operation, violations);
}

const POINTER = `/${NOT_BEFORE_PARAMETER}`;

/** The error of positions that cannot be used; it carries every one, as `/notBefore/2` for the third. */
export function positionInvalid(
  { api, operation }: OperationDetails,
  violations: readonly { readonly pointer: string; readonly problem: string }[],
): PolderError {
  const places = violations.map(({ pointer, problem }) => `${pointer} ${problem}`);
  return modelErrors.POSITION_INVALID(
    `What ${api}.${operation} was asked not to be older than cannot be used: ${places.join("; ")}. Nothing was done. Hand on the positions of commands whole, as they came, or ask without them.`,
    { api, operation, violations },
  );
}
