import { type BenchServer, startBenchServer } from "../bench-server.ts";
import type { Benchmark, Losses, Measured } from "../benchmark.ts";
import { openSamples, type Samples } from "../samples.ts";
import { openCrew } from "./crew.ts";
import { layouts, nameOf } from "./layout.ts";
import { readLosses } from "./losses.ts";
import { measureLayout } from "./round.ts";
import { measureWritten } from "./written.ts";

/** Sizes of the full run and of the quick one. */
const plans = {
  full: { warmUps: 1, rounds: 4, durationMs: 2_000, lagMs: 4_000, events: 8_000 },
  quick: { warmUps: 0, rounds: 1, durationMs: 500, lagMs: 1_000, events: 1_000 },
} as const;

/** The same events to many subscriptions, processes and databases. */
export const fanout: Benchmark = {
  name: "fanout",
  purpose: "The same events to 1, 4 and 16 subscriptions, in 1 to 4 processes and 1 to 3 databases; bytes written.",
  run: async ({ quick, signal, progress }) => {
    const plan = quick ? plans.quick : plans.full;
    const samples = openSamples();
    signal.throwIfAborted();
    await using server = await startBenchServer({ durable: true });
    const interrupted = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => interrupted.reject(signal.reason), { once: true });
    const losses = await Promise.race([measure(server, samples, { ...plan, progress }), interrupted.promise]);
    return { postgres: server.version, ratios: ratios(samples), figures: samples.figures(), losses };
  },
};

type Plan = (typeof plans)[keyof typeof plans] & { readonly progress: (text: string) => void };

async function measure(server: BenchServer, samples: Samples, plan: Plan): Promise<Measured["losses"]> {
  plan.progress("starting");
  await using crew = await openCrew(server);
  for (let round = 1 - plan.warmUps; round <= plan.rounds; round += 1) {
    // Every other round goes backwards, so that nobody always follows the same one.
    for (const layout of round % 2 === 1 ? layouts : layouts.toReversed()) {
      plan.progress(`${round > 0 ? `round ${round} of ${plan.rounds}` : "warming up"}: ${nameOf(layout)}`);
      await measureLayout(crew, layout, plan, round > 0 ? samples : undefined);
    }
  }
  plan.progress("bytes written");
  await measureWritten(crew, samples, plan);
  const losses: Record<string, Losses> = {};
  for (const databases of [1, 2, 3])
    losses[`polder, ${databases} ${databases === 1 ? "database" : "databases"}`] = await readLosses(crew, databases);
  return losses;
}

function ratios(samples: Samples): Measured["ratios"] {
  return {
    scale_16_vs_1: samples.ratio("deliveries.16s-1p-1d", "deliveries.1s-1p-1d"),
    processes_4_vs_1: samples.ratio("deliveries.16s-4p-1d", "deliveries.16s-1p-1d"),
    databases_3_vs_1: samples.ratio("deliveries.16s-1p-3d", "deliveries.16s-1p-1d"),
  };
}
