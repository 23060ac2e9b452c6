import { type Figure, figureOf, ratioOf } from "./figure.ts";

/** What is measured in the rounds of a benchmark, by name. */
export interface Samples {
  readonly add: (name: string, value: number, unit: string) => void;
  /** The samples of a name, in the order of the rounds. */
  readonly of: (name: string) => readonly number[];
  readonly figure: (name: string) => Figure;
  readonly figures: () => Readonly<Record<string, Figure>>;
  /** Ours by theirs, round by round. */
  readonly ratio: (ours: string, theirs: string) => Figure;
}

/** Collects samples. */
export function openSamples(): Samples {
  const known = new Map<string, Kept>();
  const find = (name: string): Kept => {
    const found = known.get(name);
    if (found === undefined) throw new RangeError(`Nothing was measured as ${name}`);
    return found;
  };
  return {
    add: (name, value, unit) => {
      const found = known.get(name) ?? { unit, values: [] };
      found.values.push(value);
      known.set(name, found);
    },
    of: (name) => find(name).values,
    figure: (name) => figureOf(find(name).values, find(name).unit),
    figures: () => Object.fromEntries([...known].map(([name, { unit, values }]) => [name, figureOf(values, unit)])),
    ratio: (ours, theirs) => ratioOf(find(ours).values, find(theirs).values),
  };
}

interface Kept {
  readonly unit: string;
  readonly values: number[];
}
