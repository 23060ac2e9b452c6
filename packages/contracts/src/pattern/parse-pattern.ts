import { type Automaton, anyCharacter, type CharacterSet, complement, union } from "./automaton.ts";

/** States of an automaton at most; a pattern that needs more is not read. */
const STATES_MAX = 1_000;

/** Thrown inside for what is no regular language, or too large. */
class Unreadable extends Error {}

type Part = (automaton: Builder, from: number) => number;

interface Builder {
  readonly edges: { on: CharacterSet; to: number }[][];
  readonly silent: number[][];
}

/**
 * Reads a regular expression of JavaScript (flag `u`) as an automaton of all texts in which it is found. Nothing for
 * look-around, back references, word boundaries, Unicode properties, anchors in the middle, and what is too large.
 */
export function parsePattern(source: string): Automaton | undefined {
  try {
    const reader = { source: [...source], at: 0 };
    const part = readAlternatives(reader, true);
    if (reader.at < reader.source.length) return undefined;
    const builder: Builder = { edges: [[]], silent: [[]] };
    return { ...builder, final: part(builder, 0) };
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

interface Reader {
  readonly source: readonly string[];
  at: number;
}

function readAlternatives(reader: Reader, outermost: boolean): Part {
  const parts: Part[] = [];
  do {
    const begins = outermost && take(reader, "^");
    const sequence = readSequence(reader);
    const ends = outermost && take(reader, "$");
    const found = [...(begins ? [] : [anything]), ...sequence, ...(ends ? [] : [anything])];
    parts.push(inSequence(outermost ? found : sequence));
  } while (take(reader, "|"));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : eitherOf(parts);
}

function readSequence(reader: Reader): readonly Part[] {
  const parts: Part[] = [];
  for (;;) {
    const next = reader.source[reader.at];
    if (next === undefined || next === "|" || next === ")" || next === "$") return parts;
    parts.push(readQuantifier(reader, readAtom(reader)));
  }
}

function readAtom(reader: Reader): Part {
  if (take(reader, "(")) {
    if (take(reader, "?")) {
      if (take(reader, "<")) readGroupName(reader);
      else if (!take(reader, ":")) throw new Unreadable();
    }
    const inside = readAlternatives(reader, false);
    if (!take(reader, ")")) throw new Unreadable();
    return inside;
  }
  if (take(reader, "[")) return oneOf(readClass(reader));
  if (take(reader, ".")) return oneOf(complement(union([single("\n"), single("\r"), [[0x2028, 0x2029]]])));
  if (take(reader, "\\")) return oneOf(readEscape(reader));
  const next = reader.source[reader.at] ?? "";
  if ("^*+?{}]".includes(next)) throw new Unreadable();
  reader.at += 1;
  return oneOf(single(next));
}

function readGroupName(reader: Reader): void {
  const first = reader.source[reader.at];
  if (first === "=" || first === "!") throw new Unreadable();
  while (!take(reader, ">")) {
    if (reader.at >= reader.source.length) throw new Unreadable();
    reader.at += 1;
  }
}

function readQuantifier(reader: Reader, part: Part): Part {
  let quantified = part;
  if (take(reader, "*")) quantified = repeated(part, 0, Number.POSITIVE_INFINITY);
  else if (take(reader, "+")) quantified = repeated(part, 1, Number.POSITIVE_INFINITY);
  else if (take(reader, "?")) quantified = repeated(part, 0, 1);
  else if (take(reader, "{")) quantified = readCounts(reader, part);
  else return part;
  // A lazy quantifier finds other groups, but the same texts.
  take(reader, "?");
  return quantified;
}

function readCounts(reader: Reader, part: Part): Part {
  const counts = /^(\d+)(,?)(\d*)\}/.exec(reader.source.slice(reader.at, reader.at + 20).join(""));
  if (counts === null) throw new Unreadable();
  reader.at += counts[0].length;
  const least = Number(counts[1]);
  const most = counts[3] === "" ? (counts[2] === "" ? least : Number.POSITIVE_INFINITY) : Number(counts[3]);
  if (least > STATES_MAX || (Number.isFinite(most) && most > STATES_MAX)) throw new Unreadable();
  return repeated(part, least, most);
}

function readClass(reader: Reader): CharacterSet {
  const negated = take(reader, "^");
  const sets: CharacterSet[] = [];
  while (!take(reader, "]")) {
    const from = readClassCharacter(reader);
    const isRange = reader.source[reader.at] === "-" && reader.source[reader.at + 1] !== "]";
    if (!isRange) {
      sets.push(from);
      continue;
    }
    reader.at += 1;
    const to = readClassCharacter(reader);
    sets.push([[from[0]?.[0] ?? 0, to[0]?.[0] ?? 0]]);
  }
  const set = union(sets);
  return negated ? complement(set) : set;
}

function readClassCharacter(reader: Reader): CharacterSet {
  if (take(reader, "\\")) return readEscape(reader);
  const next = reader.source[reader.at];
  if (next === undefined) throw new Unreadable();
  reader.at += 1;
  return single(next);
}

const digits: CharacterSet = [[0x30, 0x39]];
const words: CharacterSet = union([digits, [[0x41, 0x5a]], [[0x5f, 0x5f]], [[0x61, 0x7a]]]);
const spaces: CharacterSet = union([
  [[0x09, 0x0d]],
  ...[0x20, 0xa0, 0x1680, 0x202f, 0x205f, 0x3000, 0xfeff].map((code): CharacterSet => [[code, code]]),
  [[0x2000, 0x200a]],
  [[0x2028, 0x2029]],
]);

const classes: Readonly<Record<string, CharacterSet>> = {
  d: digits,
  D: complement(digits),
  w: words,
  W: complement(words),
  s: spaces,
  S: complement(spaces),
  n: single("\n"),
  r: single("\r"),
  t: single("\t"),
  v: single("\v"),
  f: single("\f"),
};

function readEscape(reader: Reader): CharacterSet {
  const next = reader.source[reader.at] ?? "";
  reader.at += 1;
  const known = Object.hasOwn(classes, next) ? classes[next] : undefined;
  if (known !== undefined) return known;
  if (next === "x") return [codeOf(reader, 2)];
  if (next === "u" && reader.source[reader.at] !== "{") return [codeOf(reader, 4)];
  if (next === "" || /[\dA-Za-z]/.test(next)) throw new Unreadable();
  return single(next);
}

function codeOf(reader: Reader, length: number): readonly [number, number] {
  const code = Number.parseInt(reader.source.slice(reader.at, reader.at + length).join(""), 16);
  // Half of a surrogate pair is half of a character.
  if (Number.isNaN(code) || (code >= 0xd800 && code <= 0xdfff)) throw new Unreadable();
  reader.at += length;
  return [code, code];
}

function take(reader: Reader, character: string): boolean {
  if (reader.source[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function single(character: string): CharacterSet {
  const code = character.codePointAt(0) ?? 0;
  return [[code, code]];
}

function state({ edges, silent }: Builder): number {
  if (edges.length >= STATES_MAX) throw new Unreadable();
  silent.push([]);
  return edges.push([]) - 1;
}

function oneOf(on: CharacterSet): Part {
  return (builder, from) => {
    const to = state(builder);
    builder.edges[from]?.push({ on, to });
    return to;
  };
}

function inSequence(parts: readonly Part[]): Part {
  return (builder, from) => parts.reduce((at, part) => part(builder, at), from);
}

function eitherOf(parts: readonly Part[]): Part {
  return (builder, from) => {
    const ends = parts.map((part) => {
      const start = state(builder);
      builder.silent[from]?.push(start);
      return part(builder, start);
    });
    const end = state(builder);
    for (const one of ends) builder.silent[one]?.push(end);
    return end;
  };
}

function repeated(part: Part, least: number, most: number): Part {
  return (builder, from) => {
    let at = from;
    for (let times = 0; times < least; times += 1) at = part(builder, at);
    if (most === Number.POSITIVE_INFINITY) {
      const again = state(builder);
      builder.silent[at]?.push(again);
      const end = part(builder, again);
      builder.silent[end]?.push(again);
      const out = state(builder);
      builder.silent[again]?.push(out);
      return out;
    }
    const ends = [at];
    for (let times = least; times < most; times += 1) {
      at = part(builder, at);
      ends.push(at);
    }
    const out = state(builder);
    for (const end of ends) builder.silent[end]?.push(out);
    return out;
  };
}

const anything: Part = repeated(oneOf(anyCharacter), 0, Number.POSITIVE_INFINITY);
