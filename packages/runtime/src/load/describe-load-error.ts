import { isPolderError } from "@polder/model";
import { sourcePlace } from "../source-place.ts";

/** Why a module could not be loaded, with the place in its source where Node says it. */
export function describeLoadError(error: unknown): string {
  if (isPolderError(error)) return error.message.replaceAll("\n", "\n    ");
  if (!(error instanceof Error)) return String(error);
  const place = sourcePlace(error.stack ?? "");
  return place === undefined ? error.message : `${error.message} (${place})`;
}
