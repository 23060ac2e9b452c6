/**
 * The later value, in which everything that is as it was at the same place of the earlier one is the very same object,
 * so that what is known of the one need not be found out for the other. It is the earlier one itself where both say
 * the same, whatever the order of their properties. Recursive: measure both before.
 */
export function shareUnchanged<Value>(earlier: unknown, later: Value): Value {
  if (!isComposite(earlier) || !isComposite(later) || Array.isArray(earlier) !== Array.isArray(later)) return later;
  if ((earlier as unknown) === later) return later;
  const before = new Map(Object.entries(earlier));
  const children = Object.entries(later).map(([key, child]): [string, unknown] => [
    key,
    shareUnchanged(before.get(key), child),
  ]);
  const isSame = children.length === before.size && children.every(([key, child]) => isAsBefore(before, key, child));
  if (isSame) return earlier as Value;
  return (Array.isArray(later) ? children.map(([, child]) => child) : Object.fromEntries(children)) as Value;
}

function isAsBefore(before: ReadonlyMap<string, unknown>, key: string, child: unknown): boolean {
  return before.get(key) === child && before.has(key);
}

function isComposite(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
