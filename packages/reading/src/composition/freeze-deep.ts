/**
 * Freezes a value and all that is in it: several functions see it, and none may change what the others see. It needs no
 * stack, whatever has been answered.
 */
export function freezeDeep<Value>(value: Value): Value {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null || Object.isFrozen(next)) continue;
    Object.freeze(next);
    for (const part of Object.values(next)) open.push(part);
  }
  return value;
}
