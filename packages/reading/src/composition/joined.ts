import type { Joined } from "@polder/model";

/** By what a key is known: single values as they are, inputs of a query by what is in them. */
export function keyText(key: unknown): unknown {
  if (typeof key !== "object" || key === null) return key;
  const fields = Object.entries(key).filter(([, value]) => value !== undefined);
  return JSON.stringify(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Each key once, in order; no more of them than one above `keysMax`. */
export function distinctKeys(keys: readonly unknown[], keysMax: number): readonly unknown[] {
  const distinct = new Map<unknown, unknown>();
  for (const key of keys) {
    const text = keyText(key);
    if (!distinct.has(text)) distinct.set(text, key);
    if (distinct.size > keysMax) break;
  }
  return [...distinct.values()];
}

const nothing: readonly never[] = Object.freeze([]);

/** What was found for keys, in their order. */
export function joinedBy(keys: readonly unknown[], items: readonly (readonly unknown[])[]): Joined {
  const found = new Map(keys.map((key, index) => [keyText(key), items[index] ?? nothing]));
  return {
    one: (key) => found.get(keyText(key))?.[0],
    all: (key) => found.get(keyText(key)) ?? nothing,
  };
}
