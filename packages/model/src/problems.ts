import { modelErrors } from "./errors.ts";

/** One mistake of a declaration, and where it stands. */
export interface Problem {
  /** Where: a path through the declaration, such as `versions["1.0.0"].reserve.input`. */
  readonly place: string;
  /** What is wrong there, and what would be right. */
  readonly problem: string;
}

/** How many problems a message lists before it only counts the rest. */
const LISTED_MAX = 50;

/** One line for each problem, as messages and the command line show them. */
export function describeProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, LISTED_MAX).map(({ place, problem }) => `  - ${place}: ${problem}`);
  if (problems.length > LISTED_MAX) lines.push(`  - and ${problems.length - LISTED_MAX} more`);
  return lines.join("\n");
}

/** What is wrong with a list of a declaration: that it is none, or what is wrong with what is in it. */
export function listProblems<Item>(
  list: readonly Item[],
  place: string,
  problemsOf: (items: readonly Item[]) => readonly Problem[],
): readonly Problem[] {
  return Array.isArray(list) ? problemsOf(list) : [{ place, problem: `is no list; write ${place}: […]` }];
}

/**
 * Refuses a declaration that has problems, all of them at once.
 *
 * @throws `DECLARATION_INVALID` when there is any problem.
 */
export function refuseProblems(what: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? "a mistake" : `${problems.length} mistakes`;
  throw modelErrors.DECLARATION_INVALID(
    `The declaration of ${what} has ${count}; nothing of it is used until it is mended:\n${describeProblems(problems)}`,
    { what, problems },
  );
}
