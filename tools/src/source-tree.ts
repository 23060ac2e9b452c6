/** The text files of a repository by path: relative to its root, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>;

/** A tree from an object literal, for fixtures. */
export function sourceTree(files: Readonly<Record<string, string>>): SourceTree {
  return new Map(Object.entries(files));
}

/** The files whose path matches, in the order of the tree. */
export function filesMatching(tree: SourceTree, pattern: RegExp): readonly (readonly [path: string, text: string])[] {
  return [...tree].filter(([path]) => pattern.test(path));
}

/** TypeScript sources, tests included. */
export const typeScript: RegExp = /\.tsx?$/;

/** Whether a file runs in tests only: a test, a type test, a long test, or a companion in a `test` folder. */
export function isTest(path: string): boolean {
  return /\.(?:test|test-d|long)\.tsx?$/.test(path) || /(?:^|\/)test\//.test(path);
}

/** The line of an offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
