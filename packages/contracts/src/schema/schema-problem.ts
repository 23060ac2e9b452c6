import { contractErrors } from "../errors.ts";

/** What keeps a schema from being compared, and where. */
export interface SchemaProblem {
  /** JSON Pointer (RFC 6901) into the schema; empty for the schema itself. */
  readonly pointer: string;
  readonly problem: string;
}

/** How many problems are found and listed before reading gives up. */
export const PROBLEMS_MAX = 50;

/** The error of a schema that cannot be compared, with all its problems. */
export function unsupported(what: string, problems: readonly SchemaProblem[]): Error {
  const lines = problems.map(({ pointer, problem }) => `  - ${pointer === "" ? "the schema" : pointer}: ${problem}`);
  return contractErrors.SCHEMA_UNSUPPORTED(
    `${what} cannot be compared; change each of these places:\n${lines.join("\n")}`,
    { what, problems },
  );
}

/** One more token of a JSON Pointer. */
export function below(pointer: string, token: string | number): string {
  if (typeof token === "number" || !/[~/]/.test(token)) return `${pointer}/${token}`;
  return `${pointer}/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
