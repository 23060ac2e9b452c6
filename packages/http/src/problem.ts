import type { Violation } from "@polder/contracts";
import type { PolderError } from "@polder/model";
import { httpErrors } from "./errors.ts";
import { believedRetryAfterMs } from "./retry-after.ts";
import { statusOfCode } from "./status-of-code.ts";

/** An operation that another one needed, and the code with which that failed. */
export interface Dependency {
  readonly api: string;
  readonly operation: string;
  readonly code: string;
}

/** A read model or replica that is not as new as a query asked for. */
export interface Behind {
  readonly readModel: string;
  /** The domain whose events it has yet to handle. */
  readonly publisher: string;
  /** Positions of that domain's log that it has yet to look at; missing while the events are not in the log yet. */
  readonly lagEvents?: number;
  /** Events that it could not handle, and that wait to be tried again or seen to. */
  readonly parkedEvents: number;
}

/** A failed call as it travels: a problem document (RFC 9457) with the code and what belongs to it. */
export interface ProblemDocument {
  /** The page about the code, relative to where Polder's documentation is served. */
  readonly type: string;
  /** A few words, the same for every problem of the code. */
  readonly title: string;
  readonly status: number;
  /** What happened, why, and what to do. */
  readonly detail: string;
  /** Names this one occurrence, as the server's log does: `urn:uuid:…`. */
  readonly instance?: string;
  /** The id of the trace that the call belongs to, where there is one: 32 hexadecimal digits. */
  readonly trace?: string;
  readonly code: string;
  /** Where the input breaks its contract. */
  readonly violations?: readonly Violation[];
  /** The versions of the API that are served, where the one that was asked for is not. */
  readonly living?: readonly string[];
  /** The refusal's name, where the contract declares one. */
  readonly refusal?: string;
  /** The refusal's details. */
  readonly details?: unknown;
  /** What the operation needed, where that has failed. */
  readonly dependency?: Dependency;
  /** What is not as new as the query asked for. */
  readonly behind?: Behind;
  /** How long to wait before another attempt, in milliseconds; over HTTP also `Retry-After`, in whole seconds. */
  readonly retryAfterMs?: number;
}

/** The media type of problem documents (RFC 9457, section 6.1). */
export const problemMediaType = "application/problem+json";

/** The problem document of an error whose message its caller may read. */
export function problemOf(error: PolderError): ProblemDocument {
  const violations = violationsOf(error.details);
  return {
    ...problem(error.code, error.title, error.message),
    ...(violations === undefined ? {} : { violations }),
    ...livingOf(error.details),
    ...dependencyOf(error.details),
    ...behindOf(error.details),
  };
}

/**
 * The problem document of an error inside an operation: the code and its title, and the id under
 * which the log has the rest. The message stays here, because it may speak of internals; `said` is told instead.
 */
export function hiddenProblemOf(error: PolderError, correlationId: string, said = `${error.title}.`): ProblemDocument {
  const detail = `${said} The server's log has the reason under ${correlationId}.`;
  return { ...problem(error.code, error.title, detail), instance: `urn:uuid:${correlationId}` };
}

/** The problem document of a refusal: status 409, with the refusal's name and details, and its trace. */
export function refusalProblem(refusal: string, details: unknown, trace?: string): ProblemDocument {
  const refused = httpErrors.REFUSED(`The operation was refused: ${refusal}. Its contract says what that means.`, {
    refusal,
  });
  return { ...problemOf(refused), ...(trace === undefined ? {} : { trace }), refusal, details: details ?? null };
}

/** Reads a problem document that came from elsewhere, or gives nothing where it is none of Polder's. */
export function readProblem(value: unknown): ProblemDocument | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = value as Partial<Record<keyof ProblemDocument, unknown>>;
  if (typeof found.code !== "string" || typeof found.status !== "number") return undefined;
  const violations = violationsOf(found);
  return {
    type: text(found.type, "about:blank"),
    title: text(found.title, found.code),
    status: found.status,
    detail: text(found.detail, found.code),
    code: found.code,
    ...(typeof found.instance === "string" ? { instance: found.instance } : {}),
    ...(typeof found.trace === "string" ? { trace: found.trace } : {}),
    ...(violations === undefined ? {} : { violations }),
    ...livingOf(found),
    ...(typeof found.refusal === "string" ? { refusal: found.refusal, details: found.details ?? null } : {}),
    ...dependencyOf(found),
    ...behindOf(found),
  };
}

function problem(code: string, title: string, detail: string): ProblemDocument {
  return { type: `/docs/errors/${code}`, title, status: statusOfCode(code) ?? 500, detail, code };
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function violationsOf(carrier: unknown): readonly Violation[] | undefined {
  if (typeof carrier !== "object" || carrier === null || !("violations" in carrier)) return undefined;
  if (!Array.isArray(carrier.violations)) return undefined;
  return carrier.violations.filter(isViolation);
}

function livingOf(carrier: unknown): Pick<ProblemDocument, "living"> {
  const { living } = Object(carrier) as { readonly living?: unknown };
  return Array.isArray(living) ? { living: living.filter((version) => typeof version === "string") } : {};
}

function dependencyOf(carrier: unknown): Pick<ProblemDocument, "dependency" | "retryAfterMs"> {
  if (typeof carrier !== "object" || carrier === null) return {};
  const { dependency, retryAfterMs } = carrier as Partial<Record<"dependency" | "retryAfterMs", unknown>>;
  return {
    ...(isDependency(dependency) ? { dependency: withoutMore(dependency) } : {}),
    ...(typeof retryAfterMs === "number" ? { retryAfterMs: believedRetryAfterMs(retryAfterMs) } : {}),
  };
}

function isDependency(value: unknown): value is Dependency {
  if (typeof value !== "object" || value === null) return false;
  const { api, operation, code } = value as Partial<Record<keyof Dependency, unknown>>;
  return [api, operation, code].every((part) => typeof part === "string");
}

function withoutMore({ api, operation, code }: Dependency): Dependency {
  return { api, operation, code };
}

function behindOf(carrier: unknown): Pick<ProblemDocument, "behind"> {
  if (typeof carrier !== "object" || carrier === null || !("behind" in carrier)) return {};
  const { readModel, publisher, lagEvents, parkedEvents } = (carrier.behind ?? {}) as Partial<
    Record<keyof Behind, unknown>
  >;
  if (typeof readModel !== "string" || typeof publisher !== "string" || typeof parkedEvents !== "number") return {};
  const lag = typeof lagEvents === "number" ? { lagEvents } : {};
  return { behind: { readModel, publisher, ...lag, parkedEvents } };
}

function isViolation(value: unknown): value is Violation {
  return (
    typeof value === "object" &&
    value !== null &&
    "pointer" in value &&
    typeof value.pointer === "string" &&
    "problem" in value &&
    typeof value.problem === "string"
  );
}
