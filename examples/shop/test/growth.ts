/** What was measured at one moment: figures by name. */
export interface Sample {
  /** Since the beginning, in milliseconds. */
  readonly atMs: number;
  readonly figures: Readonly<Record<string, number>>;
}

/** How a figure went. */
export interface Course {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** By how much it grew in the second half, by the straight line that fits best (least squares). */
  readonly growth: number;
  /** How much it may have grown. */
  readonly bound: number;
}

/** How much a figure may grow in the second half of a run: a share of its mean there, and an amount in any case. */
export interface Bound {
  /** Figures whose name begins so. */
  readonly of: string;
  readonly share: number;
  readonly amount: number;
}

/** How every figure went that the first bound with its name speaks of. Missing figures count as 0. */
export function coursesOf(samples: readonly Sample[], bounds: readonly Bound[]): readonly Course[] {
  const names = [...new Set(samples.flatMap(({ figures }) => Object.keys(figures)))].sort();
  return names.flatMap((name) => {
    const bound = bounds.find(({ of }) => name.startsWith(of));
    return bound === undefined ? [] : [courseOf(samples, name, bound)];
  });
}

function courseOf(samples: readonly Sample[], name: string, { share, amount }: Bound): Course {
  const points = samples.map(({ atMs, figures }) => ({ x: atMs, y: figures[name] ?? 0 }));
  const half = points.slice(Math.floor(points.length / 2));
  const span = (half.at(-1)?.x ?? 0) - (half[0]?.x ?? 0);
  const meanX = mean(half.map(({ x }) => x));
  const meanY = mean(half.map(({ y }) => y));
  const covariance = mean(half.map(({ x, y }) => (x - meanX) * (y - meanY)));
  const variance = mean(half.map(({ x }) => (x - meanX) ** 2));
  const growth = variance === 0 ? 0 : (covariance / variance) * span;
  const most = Math.max(...points.map(({ y }) => y));
  return { name, first: points[0]?.y ?? 0, last: points.at(-1)?.y ?? 0, most, growth, bound: meanY * share + amount };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
