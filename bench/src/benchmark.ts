import type { Figure } from "./figure.ts";

/** How a benchmark is run. */
export interface BenchmarkOptions {
  /** A minute instead of several: fewer and shorter rounds, nothing left out. */
  readonly quick: boolean;
  /** Aborts when somebody interrupts: servers and processes end then, and nothing is found. */
  readonly signal: AbortSignal;
  /** Says what is being done, for whoever waits. */
  readonly progress: (text: string) => void;
}

/** What a benchmark found. */
export interface Measured {
  /** Version of the server that it was measured with, or `none`. */
  readonly postgres: string;
  /** What is promised: our figure by another one of the same run. */
  readonly ratios: Readonly<Record<string, Figure>>;
  readonly figures: Readonly<Record<string, Figure>>;
  /** Events that went wrong, by system. */
  readonly losses: Readonly<Record<string, Losses>>;
}

/** Events of one system that did not come once and in their order. */
export interface Losses {
  readonly published: number;
  readonly lost: number;
  readonly doubled: number;
  /** Came after a later one of the same key. */
  readonly misordered: number;
}

/** A benchmark by its name. */
export interface Benchmark {
  readonly name: string;
  readonly purpose: string;
  readonly run: (options: BenchmarkOptions) => Promise<Measured>;
}
