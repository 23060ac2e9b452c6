import { type Automaton, accepts, type Work } from "./automaton.ts";
import { parsePattern } from "./parse-pattern.ts";

/** A regular expression of a schema, as a finite automaton where it is a regular language. */
export interface Pattern {
  readonly source: string;
  /** Nothing where the expression looks around, refers back, or is too large. */
  readonly automaton: () => Automaton | undefined;
  /** What is known of texts, such as the names of properties, which are asked about again and again. */
  readonly known: Map<string, boolean>;
}

/** Texts that one pattern remembers at most, and how long each may be. */
const KNOWN_MAX = 10_000;
const KNOWN_LENGTH_MAX = 200;

/** Reads a pattern when it is first asked for. */
export function patternOf(source: string): Pattern {
  let read: { readonly automaton: Automaton | undefined } | undefined;
  return {
    source,
    automaton: () => {
      read ??= { automaton: parsePattern(source) };
      return read.automaton;
    },
    known: new Map(),
  };
}

/** Edges that are looked at for one text, where nobody sets another limit. */
const WORK_MAX = 5_000_000;

/**
 * Whether a text matches, in time that grows with its length times the size of the pattern and never faster: the
 * expression is not run by the engine of JavaScript, which may take for ever. Nothing where it cannot be said, or is
 * more work than is left.
 */
export function matches(pattern: Pattern, text: string, work: Work = { left: WORK_MAX }): boolean | undefined {
  const before = pattern.known.get(text);
  if (before !== undefined) return before;
  const automaton = pattern.automaton();
  const found = automaton === undefined ? undefined : accepts(automaton, text, work);
  if (found !== undefined && text.length <= KNOWN_LENGTH_MAX && pattern.known.size < KNOWN_MAX)
    pattern.known.set(text, found);
  return found;
}
