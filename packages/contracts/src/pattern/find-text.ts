import { type Automaton, after, cutsOf, isFinal, type States, startOf, type Work } from "./automaton.ts";

/** What a text must be like. */
export interface TextDemand {
  /** Each takes the text. */
  readonly inside: readonly Automaton[];
  /** None takes it. */
  readonly outside: readonly Automaton[];
  /** Least and greatest number of characters. */
  readonly min: number;
  readonly max: number;
  /** Whether a text that is right so far is right altogether. */
  readonly accept: (text: string) => boolean;
  /** How many texts `accept` may refuse while there may still be others. */
  readonly refusals: number;
  readonly work: Work;
}

/** A text; `none` where it is certain that there is none; `unknown` where looking took too long. */
export type FoundText = { readonly text: string } | "none" | "unknown";

/** Places that are looked at before the search gives up. */
const PLACES_MAX = 4_000;
/** Different characters that are tried of each kind. */
const TRIES_MAX = 20;

interface Place {
  readonly text: string;
  readonly states: readonly States[];
}

/** Finds a short text that some automata take and others do not, by walking all of them at once. */
export function findText(demand: TextDemand): FoundText {
  const automata = [...demand.inside, ...demand.outside];
  if (demand.min > demand.max) return "none";
  if (automata.length === 0 && demand.min <= PLACES_MAX) {
    const text = "a".repeat(demand.min);
    if (demand.accept(text)) return { text };
  }
  const tries = Math.min(demand.refusals + 1, TRIES_MAX);
  const visits = new Map<string, number>();
  let refused = false;
  let places = 0;
  let layer: readonly Place[] = [{ text: "", states: automata.map((automaton) => startOf(automaton, demand.work)) }];
  for (let length = 0; layer.length > 0; length += 1) {
    const next: Place[] = [];
    for (const place of layer) {
      places += 1;
      if (places > PLACES_MAX || demand.work.left < 0) return "unknown";
      if (length >= demand.min && isRight(demand, automata, place.states)) {
        if (demand.accept(place.text)) return place;
        refused = true;
      }
      if (length < demand.max) next.push(...successors(demand, automata, place, tries));
    }
    layer = next.filter(({ states }) => {
      // Before the least length, the same states at another length are another place.
      const key = `${Math.min(length + 1, demand.min)}:${states.join(";")}`;
      const times = (visits.get(key) ?? 0) + 1;
      visits.set(key, times);
      return times <= tries;
    });
  }
  return refused && tries <= demand.refusals ? "unknown" : "none";
}

function isRight({ inside }: TextDemand, automata: readonly Automaton[], states: readonly States[]): boolean {
  return automata.every((automaton, index) => isFinal(automaton, states[index] ?? []) === index < inside.length);
}

function successors(
  { inside, work }: TextDemand,
  automata: readonly Automaton[],
  { text, states }: Place,
  tries: number,
): readonly Place[] {
  const cuts = new Set([0, ...automata.flatMap((automaton, index) => cutsOf(automaton, states[index] ?? []))]);
  const sorted = [...cuts].sort((one, other) => one - other);
  work.left -= sorted.length;
  return sorted.flatMap((from, index) => {
    const to = (sorted[index + 1] ?? 0x110000) - 1;
    if (work.left < 0) return [];
    return charactersIn(from, to, tries).flatMap((character): Place[] => {
      const reached = automata.map((automaton, position) => after(automaton, states[position] ?? [], character, work));
      const isDead = reached.some((some, position) => position < inside.length && some.length === 0);
      return isDead ? [] : [{ text: text + String.fromCodePoint(character), states: reached }];
    });
  });
}

const plain = [..."abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map(
  (one) => one.codePointAt(0) ?? 0,
);

/** Some characters of a range, readable ones first, no halves of surrogate pairs. */
function charactersIn(from: number, to: number, tries: number): readonly number[] {
  const characters = plain.filter((one) => from <= one && one <= to).slice(0, tries);
  for (let code = from; code <= to && characters.length < tries; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) code = 0xe000;
    if (code <= to && !characters.includes(code)) characters.push(code);
  }
  return characters;
}
