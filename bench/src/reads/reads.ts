import { startBenchServer } from "../bench-server.ts";
import type { Benchmark } from "../benchmark.ts";
import { openSamples } from "../samples.ts";
import { measureLag } from "./lag.ts";
import { measurePages } from "./pages.ts";
import { measureRebuild } from "./rebuild.ts";

/** Sizes of the full run, and of the quick one; the first round of each part warms up and does not count. */
const plans = {
  full: {
    pages: { rounds: 8, customers: 2_000, orders: 100_000, times: 200 },
    rebuild: { rounds: 3, orders: 370_400, emmettOrders: 37_000 },
    lag: { rounds: 3, perSecond: 1_000, seconds: 10 },
  },
  quick: {
    pages: { rounds: 2, customers: 100, orders: 5_000, times: 40 },
    rebuild: { rounds: 1, orders: 20_000, emmettOrders: 4_000 },
    lag: { rounds: 1, perSecond: 1_000, seconds: 2 },
  },
} as const;

/** Pages over several domains: stitched when they are asked for, or kept ready; and how fast they are built from events. */
export const reads: Benchmark = {
  name: "reads",
  purpose:
    "A page over four domains by composition, by calls written by hand, from a read model, with a replica; building a read model, beside insert … select and emmett.",
  run: async (options) => {
    const plan = options.quick ? plans.quick : plans.full;
    const samples = openSamples();
    await using server = await startBenchServer({ durable: true });
    const parts = { ...options, samples, server };
    await measurePages(plan.pages, parts);
    await measureRebuild(plan.rebuild, parts);
    await measureLag(plan.lag, parts);
    return {
      postgres: server.version,
      ratios: {
        // Times: the smaller the better.
        composition_vs_ideal: samples.ratio("flat.p50.waiting", "ideal.p50.waiting"),
        composition_vs_ideal_busy: samples.ratio("flat.p50", "ideal.p50"),
        joined_vs_critical_path: samples.ratio("composed.p50", "critical-path.p50"),
        composition_vs_naive: samples.ratio("composed.p50", "naive.p50"),
        read_model_vs_composition: samples.ratio("kept.p50", "composed.p50"),
        // Rates: the larger the better.
        rebuild_vs_insert_select: samples.ratio("rebuild.polder", "rebuild.insert-select"),
        rebuild_vs_emmett: samples.ratio("rebuild.polder", "rebuild.emmett"),
      },
      figures: samples.figures(),
      losses: {},
    };
  },
};
