import { stableJson } from "../documents/stable-json.ts";

/** Keywords whose lists are sets: another order says the same. */
const sets = new Set(["required", "enum"]);

/**
 * A value as JSON text that is the same for the same content: keys in order, and sets in order. So the order in which a
 * schema is declared is no change, and a change shows up as few lines of a diff.
 */
export function canonicalJson(value: unknown): string {
  return stableJson(withOrderedSets(value));
}

function withOrderedSets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOrderedSets);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    sets.has(key) ? ordered(part) : withOrderedSets(part),
  ]);
  return Object.fromEntries(entries);
}

function ordered(part: unknown): unknown {
  // A property may have the name of a keyword; its schema is no list.
  if (!Array.isArray(part)) return withOrderedSets(part);
  const keyed = part.map((one) => ({ key: canonicalJson(one), value: withOrderedSets(one) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ value }) => value);
}
