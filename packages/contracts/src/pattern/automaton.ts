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

const LAST = 0x10ffff;
/** All characters. */
export const anyCharacter: CharacterSet = [[0, LAST]];

/** Where the automaton may be before the first character. */
export function startOf(automaton: Automaton): States {
  return settled(automaton, [0]);
}

/** Where it may be after one more character. */
export function after(automaton: Automaton, states: States, character: number): States {
  const reached = states.flatMap((state) =>
    (automaton.edges[state] ?? []).filter(({ on }) => contains(on, character)).map(({ to }) => to),
  );
  return settled(automaton, reached);
}

/** Whether a text may end here. */
export function isFinal(automaton: Automaton, states: States): boolean {
  return states.includes(automaton.final);
}

/** Whether the automaton takes a text. */
export function accepts(automaton: Automaton, text: string): boolean {
  let states = startOf(automaton);
  for (const character of text) states = after(automaton, states, character.codePointAt(0) ?? 0);
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

function contains(set: CharacterSet, character: number): boolean {
  return set.some(([from, to]) => from <= character && character <= to);
}

function settled({ silent }: Automaton, states: readonly number[]): States {
  const reached = new Set(states);
  for (const state of reached) for (const next of silent[state] ?? []) reached.add(next);
  return [...reached].sort((one, other) => one - other);
}
