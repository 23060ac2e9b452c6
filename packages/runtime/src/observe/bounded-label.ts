/** What stands for all values beyond the bound. */
export const OTHER = "other";

/** Passes the first values on and turns later ones into `other`, so that a metric has a bounded number of series. */
export function boundedLabel(valuesMax: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= valuesMax) return OTHER;
    known.add(value);
    return value;
  };
}
