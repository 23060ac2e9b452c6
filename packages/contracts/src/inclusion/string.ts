import type { Automaton } from "../pattern/automaton.ts";
import { findText } from "../pattern/find-text.ts";
import { matches, type Pattern } from "../pattern/pattern.ts";
import { knownFormat } from "../schema/format.ts";
import { lengthOf } from "./holds.ts";
import { empty, type Found, type Search, unknown } from "./search.ts";
import type { LeafRule } from "./shape.ts";

/** A string that follows some rules. */
export function findString(search: Search, rules: readonly LeafRule[]): Found {
  const formats = namesOf(rules, "format", true);
  const otherFormats = namesOf(rules, "format", false);
  const unread = rules.find((rule) => rule.rule === "pattern" && automatonOf(rule) === undefined);
  if (unread !== undefined)
    search.doubts.add(`the pattern ${(unread.operand as Pattern).source} is no regular language`);
  // The same pattern or format cannot both hold and not hold, whatever it means.
  if (formats.some((format) => otherFormats.includes(format)) || isContradiction(rules)) return empty;
  const excluded = new Set(
    rules.filter(({ rule }) => rule === "values").flatMap(({ operand }) => operand as readonly unknown[]),
  );
  const [min, max] = lengthsOf(rules, formats);
  const demand = {
    inside: automataOf(rules, true),
    outside: automataOf(rules, false),
    min,
    max,
    refusals: excluded.size,
    work: search.work,
  };
  const isOther = (text: string): boolean =>
    !excluded.has(text) && otherFormats.every((format) => knownFormat(format)?.holds(text) === false);
  if (formats.length > 0) return findFormatted({ search, rules, formats, demand, isOther });
  const found = findText({
    ...demand,
    accept: isOther,
    refusals: demand.refusals + (otherFormats.length > 0 ? 5 : 0),
  });
  if (found === "none") return otherFormats.length > 0 && isPossible(demand) ? doubted(search, otherFormats) : empty;
  if (found === "unknown" && unread === undefined) search.doubts.add("a pattern is too large to be compared");
  return found === "unknown" ? unknown : { kind: "inhabited", value: found.text };
}

type Demand = Omit<Parameters<typeof findText>[0], "accept">;

function findFormatted({
  search,
  rules,
  formats,
  demand,
  isOther,
}: {
  readonly search: Search;
  readonly rules: readonly LeafRule[];
  readonly formats: readonly string[];
  readonly demand: Demand;
  readonly isOther: (text: string) => boolean;
}): Found {
  const texts = formats.flatMap((format) => knownFormat(format)?.samples ?? []);
  const value = texts.find(
    (text) =>
      isOther(text) &&
      formats.every((format) => knownFormat(format)?.holds(text) === true) &&
      rules.every((rule) => rule.rule !== "pattern" || patternHolds(search, rule, text)) &&
      lengthOf(text) >= demand.min &&
      lengthOf(text) <= demand.max,
  );
  if (value !== undefined) return { kind: "inhabited", value };
  return isPossible(demand) ? doubted(search, formats) : empty;
}

function doubted(search: Search, formats: readonly string[]): Found {
  search.doubts.add(`what the format ${formats.join(", ")} takes cannot be known here`);
  return unknown;
}

function isPossible(demand: Demand): boolean {
  return findText({ ...demand, accept: () => true, refusals: 0 }) !== "none";
}

function isContradiction(rules: readonly LeafRule[]): boolean {
  const patterns = rules.filter(({ rule }) => rule === "pattern");
  return patterns.some((one) => !one.holds && patterns.some((other) => other.holds && other.operand === one.operand));
}

function lengthsOf(rules: readonly LeafRule[], formats: readonly string[]): readonly [min: number, max: number] {
  let min = 0;
  let max = Number.POSITIVE_INFINITY;
  for (const { rule, operand, holds } of rules) {
    const bound = operand as number;
    if (rule === "minLength" && holds) min = Math.max(min, bound);
    if (rule === "minLength" && !holds) max = Math.min(max, bound - 1);
    if (rule === "maxLength" && holds) max = Math.min(max, bound);
    if (rule === "maxLength" && !holds) min = Math.max(min, bound + 1);
  }
  for (const format of formats) {
    const [least, most] = knownFormat(format)?.lengths ?? [0, Number.POSITIVE_INFINITY];
    min = Math.max(min, least);
    max = Math.min(max, most);
  }
  return [min, max];
}

function namesOf(rules: readonly LeafRule[], name: string, holds: boolean): readonly string[] {
  return rules.filter((rule) => rule.rule === name && rule.holds === holds).map(({ operand }) => operand as string);
}

function automataOf(rules: readonly LeafRule[], holds: boolean): readonly Automaton[] {
  return rules
    .filter((rule) => rule.rule === "pattern" && rule.holds === holds)
    .map(automatonOf)
    .filter((automaton) => automaton !== undefined);
}

function automatonOf({ operand }: LeafRule): Automaton | undefined {
  return (operand as Pattern).automaton();
}

function patternHolds({ work }: Search, { operand, holds }: LeafRule, text: string): boolean {
  return matches(operand as Pattern, text, work) === holds;
}
