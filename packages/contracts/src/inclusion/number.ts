import { sameJson } from "../schema/same-json.ts";
import { empty, type Found, type Search, unknown } from "./search.ts";
import type { LeafRule } from "./shape.ts";

/** Multiples that are tried at most. */
const TRIES_MAX = 1_000;

interface Interval {
  min: number;
  max: number;
  minExcluded: boolean;
  maxExcluded: boolean;
}

/** A number that follows some rules; of formats nobody knows which numbers have them. */
export function findNumber(search: Search, all: readonly LeafRule[]): Found {
  const formats = all.filter(({ rule }) => rule === "format");
  for (const { operand, holds } of formats) {
    if (formats.some((other) => other.operand === operand && other.holds !== holds)) return empty;
    search.doubts.add(`what the format ${String(operand)} takes cannot be known here`);
  }
  const rules = all.filter(({ rule }) => rule !== "format");
  const interval = intervalOf(rules);
  const { min, max, minExcluded, maxExcluded } = interval;
  if (min > max || (min === max && (minExcluded || maxExcluded))) return empty;
  const steps = rules.filter(({ holds }) => holds).flatMap(stepOf);
  const avoided = rules.filter(({ holds }) => !holds).flatMap(stepOf);
  if (avoided.some((other) => steps.some((step) => isMultiple(step, other)))) return empty;
  const fits = (value: number): boolean => Number.isFinite(value) && rules.every((rule) => follows(rule, value));
  if (steps.length === 0) {
    const value = candidatesIn(interval).find(fits);
    if (value !== undefined) return { kind: "inhabited", value };
    return min === max ? empty : unknown;
  }
  return findMultiple(interval, steps, fits);
}

function findMultiple({ min, max }: Interval, steps: readonly number[], fits: (value: number) => boolean): Found {
  const step = steps.every(Number.isSafeInteger) ? steps.reduce(leastCommonMultiple) : Math.max(...steps);
  const isExact = Number.isSafeInteger(step) && steps.every(Number.isSafeInteger);
  const first = Number.isFinite(min) ? Math.ceil(min / step) : undefined;
  const last = Number.isFinite(max) ? Math.floor(max / step) : undefined;
  const from = first ?? (last === undefined ? -TRIES_MAX / 2 : last - TRIES_MAX);
  // Zero, if it is among them, is the plainest number.
  if (fits(0)) return { kind: "inhabited", value: 0 };
  for (let index = from; index <= from + TRIES_MAX + 1 && index <= (last ?? Number.POSITIVE_INFINITY); index += 1) {
    if (fits(index * step)) return { kind: "inhabited", value: index * step };
  }
  const isAll = first !== undefined && last !== undefined && last - first <= TRIES_MAX;
  const isSafe = [first, last].every((bound) => Number.isSafeInteger((bound ?? 0) * step));
  return isAll && isExact && isSafe ? empty : unknown;
}

function intervalOf(rules: readonly LeafRule[]): Interval {
  const interval: Interval = {
    min: Number.NEGATIVE_INFINITY,
    max: Number.POSITIVE_INFINITY,
    minExcluded: false,
    maxExcluded: false,
  };
  for (const { rule, operand, holds } of rules) {
    const bound = operand as number;
    const isLower = rule === "minimum" || rule === "exclusiveMinimum";
    if (!isLower && rule !== "maximum" && rule !== "exclusiveMaximum") continue;
    const excluded = rule.startsWith("exclusive") === holds;
    if (isLower === holds) {
      if (bound > interval.min || (bound === interval.min && excluded))
        Object.assign(interval, { min: bound, minExcluded: excluded });
    } else if (bound < interval.max || (bound === interval.max && excluded)) {
      Object.assign(interval, { max: bound, maxExcluded: excluded });
    }
  }
  return interval;
}

function stepOf({ rule, operand }: LeafRule): readonly number[] {
  if (rule === "integer") return [1];
  return rule === "multipleOf" ? [operand as number] : [];
}

/** Whether all multiples of a step are multiples of another one, whatever floating point makes of them. */
function isMultiple(step: number, other: number): boolean {
  return step === other || (Number.isSafeInteger(step) && Number.isSafeInteger(other) && step % other === 0);
}

function leastCommonMultiple(one: number, other: number): number {
  let [larger, smaller] = [one, other];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return (one / larger) * other;
}

function candidatesIn({ min, max }: Interval): readonly number[] {
  const low = Number.isFinite(min) ? [min, min + 0.5, min + 1, min + 0.1, min + 1.5] : [];
  const high = Number.isFinite(max) ? [max, max - 0.5, max - 1, max - 0.1, max - 1.5] : [];
  const middle = Number.isFinite(min) && Number.isFinite(max) ? [(min + max) / 2, min + (max - min) / 3] : [];
  return [0, 1, ...low, ...high, ...middle, 0.5, -1, -0.5, 2, 3, 5, 7, 11, 0.3, 1.7, 1e6 + 0.5, -1e6 - 0.5];
}

function follows({ rule, operand, holds }: LeafRule, value: number): boolean {
  return numberRuleHolds(rule, operand, value) === holds;
}

function numberRuleHolds(rule: string, operand: unknown, value: number): boolean {
  switch (rule) {
    case "minimum":
      return value >= (operand as number);
    case "maximum":
      return value <= (operand as number);
    case "exclusiveMinimum":
      return value > (operand as number);
    case "exclusiveMaximum":
      return value < (operand as number);
    case "integer":
      return Number.isInteger(value);
    case "multipleOf":
      return Number.isInteger(value / (operand as number));
    default:
      return (operand as readonly unknown[]).some((one) => sameJson(one, value));
  }
}
