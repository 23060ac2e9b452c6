import { isPolderError } from "@polder/model";

/** Node writes the place of a syntax error above the stack: a path and a line. */
const placeAbove = /^(?:file:\/\/)?(\/[^\n]*|[A-Za-z]:\\[^\n]*):(\d+)\n/;
/** The place of a stack frame in a file of the project. */
const placeInFrame = /\(?file:\/\/(\/(?:(?!\/node_modules\/)[^\n])*?):(\d+):\d+\)?$/m;

/** Why a module could not be loaded, with the place in its source where Node says it. */
export function describeLoadError(error: unknown): string {
  if (isPolderError(error)) return error.message.replaceAll("\n", "\n    ");
  if (!(error instanceof Error)) return String(error);
  const [, path, line] = placeAbove.exec(error.stack ?? "") ?? placeInFrame.exec(error.stack ?? "") ?? [];
  const place = path === undefined ? "" : ` (${path.replace(/\?generation=\d+$/, "")}:${line})`;
  return `${error.message}${place}`;
}
