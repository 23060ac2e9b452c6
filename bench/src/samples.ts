import { type Figure, figureOf, ratioOf } from "./figure.ts";

/** What is measured in the rounds of a benchmark, by name. */
export interface Samples {
  readonly add: (name: string, value: number, unit: string) => void;
  /** The samples of a name, in the order of the rounds. */
  readonly of: (name: string) => readonly number[];
  readonly figures: () => Readonly<Record<string, Figure>>;
  /** Ours by theirs, round by round. */
  readonly ratio: (ours: string, theirs: string) => Figure;
}

/** Collects samples. */
export function openSamples(): Samples {
  const known = new Map<string, { readonly unit: string; readonly values: number[] }>();
  const of = (name: string): readonly number[] => {
    const found = known.get(name);
    if (found === undefined) throw new RangeError(`Nothing was measured as ${name}`);
    return found.values;
  };
  return {
    add: (name, value, unit) => {
      const found = known.get(name) ?? { unit, values: [] };
      found.values.push(value);
      known.set(name, found);
    },
    of,
    figures: () => Object.fromEntries([...known].map(([name, { unit, values }]) => [name, figureOf(values, unit)])),
    ratio: (ours, theirs) => ratioOf(of(ours), of(theirs)),
  };
}
