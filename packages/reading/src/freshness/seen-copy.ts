import type { LocatedPosition, Progress } from "@polder/bus";
import type { WantedCopy } from "./wanted-copies.ts";

/** How far a copy was seen on its way to a position: what the last looks have found, once they have found something. */
export interface SeenCopy {
  wanted: WantedCopy;
  located?: LocatedPosition;
  progress?: Progress;
}

/** Is the position none of this database? */
export function isWrong({ located }: SeenCopy): boolean {
  return located?.state === "foreign" || located?.state === "ahead";
}

/** Is the copy still being filled with what it begins with? */
export function isUnfilled({ wanted }: SeenCopy): boolean {
  return !wanted.copy.isFilled;
}

/** Has the copy handled all that the position stands for? */
export function isReached({ progress }: SeenCopy): boolean {
  return progress !== undefined && progress.lag === 0n && progress.parked === 0;
}

/** Has it given up some of that? It does not come by waiting. */
export function isGivenUp({ progress }: SeenCopy): boolean {
  return progress !== undefined && progress.dead > 0;
}
