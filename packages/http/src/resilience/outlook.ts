import { isPolderError } from "@polder/model";
import type { ProblemDocument } from "../problem.ts";
import { statusOfCode } from "../status-of-code.ts";

/**
 * How the same call may end when it is made again: otherwise a moment later (`soon`), never otherwise (`never`), or
 * nobody can tell (`open`).
 */
export type Outlook = "soon" | "open" | "never";

/** "Try again later": too many requests, and the ways of a server, or of a gateway before it, to be away for a while. */
const soonStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Statuses below 500 that say: not now (425 is of RFC 8470, 499 is nginx's). */
const openStatuses: ReadonlySet<number> = new Set([408, 425, 499]);

/**
 * Mistakes of the caller's that pass by themselves: with a roll-out, with keys that travel, with a clock that is set, or
 * when a read model has come as far as was asked for.
 */
const passingCodes: ReadonlySet<string> = new Set([
  "CALLER_KEY_UNKNOWN",
  "CALLER_TOKEN_EARLY",
  "CALLER_TOKEN_EXPIRED",
  "CALLER_TOKEN_REPLAYED",
  "METHOD_NOT_ALLOWED",
  "OPERATION_UNKNOWN",
  "READ_MODEL_BEHIND",
  "VERSION_UNKNOWN",
]);

/** Codes of a call that was not even sent, because of what the caller's own code says. */
const ownCodes = ["CONTRACT_VIOLATED", "NOT_DECLARED"] as const;

/** The outlook of a call that was answered with a problem. Pure. */
export function outlookOfProblem({ status, code }: Pick<ProblemDocument, "status" | "code">): Outlook {
  // Whoever calls what has failed repeats that call: if each of three hops made three attempts, the last one would get 27.
  if (code === "DEPENDENCY_FAILED") return "open";
  if (soonStatuses.has(status)) return "soon";
  const isMistake = status >= 400 && status < 500 && !openStatuses.has(status);
  return isMistake && !passingCodes.has(code) ? "never" : "open";
}

/**
 * The outlook of a call by the error that it threw: the one place that knows which failures last. Repetitions and sagas
 * go by it. What is no failure of a call is `open`. Pure.
 */
export function outlookOf(error: unknown): Outlook {
  if (!isPolderError(error)) return "open";
  const { problem } = (error.details ?? {}) as { readonly problem?: Pick<ProblemDocument, "status" | "code"> };
  if (problem !== undefined) return outlookOfProblem(problem);
  if (isPolderError(error, ...ownCodes)) return "never";
  if (isPolderError(error, "CALL_UNREACHABLE")) return "soon";
  const status = statusOfCode(error.code) ?? 500;
  return status < 500 ? outlookOfProblem({ status, code: error.code }) : "open";
}
