/** What a measurement came to, over all its repetitions. */
export interface Figure {
  /** Such as `1/s`, `ms`, `%`, `MiB`; a ratio has none. */
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly repetitions: number;
}

/** The figure of some samples; at least one. */
export function figureOf(samples: readonly number[], unit: string): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    unit,
    median: rounded(percentile(sorted, 0.5)),
    min: rounded(percentile(sorted, 0)),
    max: rounded(percentile(sorted, 1)),
    repetitions: samples.length,
  };
}

/** The value below which that part of the samples lies; they are sorted, and at least one. */
export function percentile(sorted: readonly number[], part: number): number {
  const position = part * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError("A figure needs at least one sample");
  return below + (above - below) * (position - Math.floor(position));
}

/** The ratios of what was measured side by side, round by round: drift of the machine goes out of them. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Figure {
  if (ours.length !== theirs.length) throw new RangeError("A ratio needs as many rounds of the one as of the other");
  return figureOf(
    ours.map((our, round) => our / (theirs[round] ?? Number.NaN)),
    "",
  );
}

/** What one takes more than the other, round by round. */
export function differenceOf(more: readonly number[], less: readonly number[], unit: string): Figure {
  if (more.length !== less.length) throw new RangeError("A difference needs as many rounds of the one as of the other");
  return figureOf(
    more.map((one, round) => one - (less[round] ?? Number.NaN)),
    unit,
  );
}

/** Four digits are more than any benchmark means. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
