import type { SourceTree } from "./source-tree.ts";

/** One place where the repository breaks a habit. */
export interface Violation {
  readonly path: string;
  /** Counted from 1. */
  readonly line?: number;
  /** What is wrong, what is allowed, and how to mend it. */
  readonly message: string;
}

/** A habit as a pure function: every place that breaks it, never only the first. */
export type Rule = (tree: SourceTree) => readonly Violation[];

/** All violations as text, one a line, each with a path that an editor can follow. */
export function report(violations: readonly Violation[]): string {
  return violations
    .map(({ path, line, message }) => `${path}${line === undefined ? "" : `:${line}`}  ${message}`)
    .sort()
    .join("\n");
}
