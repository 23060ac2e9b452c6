/** Node writes the place of a syntax error above the stack: a path and a line. */
const above = /^(?:file:\/\/)?(\/[^\n]*?)(?:\?[^\n:]*)?:(\d+)\n/;

/** A frame in a file that is neither Node's nor a package's. */
const ownFrame = /(?:\(|at )(?:file:\/\/)?(\/(?:(?!\/node_modules\/)[^\n()?])*)(?:\?[^\n()]*?)?:(\d+):\d+\)?$/m;

/** Where a developer looks first, out of the stack of an error: path and line of a file of the project. */
export function sourcePlace(stack: string): string | undefined {
  const [, path, line] = above.exec(stack) ?? ownFrame.exec(stack) ?? [];
  return path === undefined ? undefined : `${path}:${line}`;
}
