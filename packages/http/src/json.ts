import { violated } from "@polder/contracts";

/** Levels of arrays and objects inside each other that an input has at most: deeper ones exhaust the stack of whoever walks them. */
export const JSON_DEPTH_MAX = 200;

/**
 * The JSON text of a value: what arrives at the other side. Fields that are undefined are left out,
 * and `undefined` itself is `null`.
 *
 * @throws `CONTRACT_VIOLATED` for what JSON cannot say: a circle, a bigint, too many levels.
 */
export function jsonTextOf(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it throws";
    throw violated(what, [{ pointer: "", problem: `cannot be written as JSON (${reason})` }]);
  }
}

/** Says whether a value has more levels than a limit. It looks no deeper than the limit. */
export function isDeeperThan(value: unknown, levelsMax: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levelsMax === 0) return true;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return parts.some((part) => isDeeperThan(part, levelsMax - 1));
}
