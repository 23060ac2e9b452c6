/** Code points from the first to the second, both included. */
export type Range = readonly [from: number, to: number];

/** Ranges in rising order that do not touch. */
export type CharacterSet = readonly Range[];

/** A finite automaton with silent steps. It begins in state 0. */
export interface Automaton {
  readonly edges: readonly (readonly { readonly on: CharacterSet; readonly to: number }[])[];
  readonly silent: readonly (readonly number[])[];
  readonly final: number;
}

/** The states that the automaton may be in, in rising order. */
export type States = readonly number[];

/** How many edges may still be looked at. Whoever finds less than nothing left gives up. */
export interface Work {
  left: number;
}

const LAST = 0x10ffff;
/** All characters. */
export const anyCharacter: CharacterSet = [[0, LAST]];

/** Where the automaton may be before the first character. */
export function startOf(automaton: Automaton, work: Work): States {
  return settled(automaton, new Set([0]), work);
}

/** Where it may be after one more character. */
export function after(automaton: Automaton, states: States, character: number, work: Work): States {
  const reached = new Set<number>();
  for (const state of states) {
    const edges = automaton.edges[state] ?? [];
    work.left -= edges.length;
    for (const { on, to } of edges) if (contains(on, character)) reached.add(to);
  }
  return settled(automaton, reached, work);
}

/** Whether a text may end here. */
export function isFinal(automaton: Automaton, states: States): boolean {
  return states.includes(automaton.final);
}

/** Whether the automaton takes a text; nothing where that is too much work. */
export function accepts(automaton: Automaton, text: string, work: Work): boolean | undefined {
  let states = startOf(automaton, work);
  for (const character of text) {
    states = after(automaton, states, character.codePointAt(0) ?? 0, work);
    if (work.left < 0) return undefined;
    if (states.length === 0) return false;
  }
  return isFinal(automaton, states);
}

/** One character of each kind that the automaton tells apart in these states. */
export function cutsOf(automaton: Automaton, states: States): readonly number[] {
  return states.flatMap((state) =>
    (automaton.edges[state] ?? []).flatMap(({ on }) => on.flatMap(([from, to]) => [from, to + 1])),
  );
}

/** All characters that are not in a set. */
export function complement(set: CharacterSet): CharacterSet {
  const ranges: Range[] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) ranges.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) ranges.push([next, LAST]);
  return ranges;
}

/** The characters of several sets together. */
export function union(sets: readonly CharacterSet[]): CharacterSet {
  const sorted = sets.flat().sort(([one], [other]) => one - other);
  const ranges: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ranges.push([from, to]);
  }
  return ranges;
}

/** By halves: a set may have thousands of ranges. */
function contains(set: CharacterSet, character: number): boolean {
  let [low, high] = [0, set.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = set[middle] ?? [0, -1];
    if (character < from) high = middle - 1;
    else if (character > to) low = middle + 1;
    else return true;
  }
  return false;
}

function settled({ silent }: Automaton, reached: Set<number>, work: Work): States {
  for (const state of reached) {
    const next = silent[state] ?? [];
    work.left -= 1 + next.length;
    for (const one of next) reached.add(one);
  }
  return [...reached].sort((one, other) => one - other);
}
