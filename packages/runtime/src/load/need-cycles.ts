/** For each domain the domains that it cannot work without, because it calls them. */
export type EssentialCalls = ReadonlyMap<string, readonly string[]>;

/**
 * Finds domains that call each other in a circle: for each domain the shortest circle that it is in, such as
 * `["order", "inventory", "order"]`, and every circle once, beginning where it was found first. Pure.
 */
export function needCycles(calls: EssentialCalls): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  for (const domain of calls.keys()) {
    const cycle = shortestCycle(calls, domain);
    const name = [...new Set(cycle)].sort().join();
    if (cycle !== undefined && !found.has(name)) found.set(name, cycle);
  }
  return [...found.values()];
}

/** Looks at near domains first; every domain is looked at once. */
function shortestCycle(calls: EssentialCalls, start: string): readonly string[] | undefined {
  const paths: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of calls.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return [...path, start];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return undefined;
}
