import { type Automaton, accepts } from "./automaton.ts";
import { parsePattern } from "./parse-pattern.ts";

/** A regular expression of a schema, as a finite automaton where it is a regular language. */
export interface Pattern {
  readonly source: string;
  /** Nothing where the expression looks around, refers back, or is too large. */
  readonly automaton: () => Automaton | undefined;
}

/** Reads a pattern when it is first asked for. */
export function patternOf(source: string): Pattern {
  let read: { readonly automaton: Automaton | undefined } | undefined;
  return {
    source,
    automaton: () => {
      read ??= { automaton: parsePattern(source) };
      return read.automaton;
    },
  };
}

/**
 * Whether a text matches, in time that grows with its length times the size of the pattern and never faster: the
 * expression is not run by the engine of JavaScript, which may take for ever. Nothing where it cannot be said.
 */
export function matches(pattern: Pattern, text: string): boolean | undefined {
  const automaton = pattern.automaton();
  return automaton === undefined ? undefined : accepts(automaton, text);
}
