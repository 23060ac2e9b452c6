import { startBenchServer } from "../bench-server.ts";
import type { Benchmark, Losses, Measured } from "../benchmark.ts";
import { type Figure, figureOf } from "../figure.ts";
import { openSamples, type Samples } from "../samples.ts";
import { type Arena, openArena } from "./arena.ts";
import type { ContenderName } from "./contenders.ts";
import { measureDrain } from "./drain.ts";
import { measureFanOut } from "./fan-out.ts";
import { measureHeldWriter } from "./held-writer.ts";
import { measureLatency } from "./latency.ts";
import { measureRelayStep } from "./relay-step.ts";
import { byLimit, measureRates } from "./rounds.ts";

/** Sizes of the full run, of about eight minutes, and of the quick one. */
const plans = {
  full: {
    rates: { rounds: 4, durationMs: 1_000, warmUpMs: 3_000 },
    drain: { events: 200_000, eventsOneByOne: 40_000, repetitions: 2 },
    latency: { slices: 3, durationMs: 2_000 },
    fanOut: { rounds: 2, durationMs: 2_000 },
    held: { heldMs: 20_000, freeMs: 6_000 },
    relayStep: { rows: 1_000_000, steps: 100 },
  },
  quick: {
    rates: { rounds: 1, durationMs: 400, warmUpMs: 400 },
    drain: { events: 20_000, eventsOneByOne: 4_000, repetitions: 1 },
    latency: { slices: 1, durationMs: 1_000 },
    fanOut: { rounds: 1, durationMs: 600 },
    held: { heldMs: 2_000, freeMs: 1_000 },
    relayStep: { rows: 100_000, steps: 30 },
  },
} as const;

const consumers: readonly ContenderName[] = ["polder-runtime", "pg-boss", "graphile-worker", "emmett"];

/** Events from the publisher's transaction to the subscription's handler. */
export const events: Benchmark = {
  name: "events",
  purpose: "Publishing and delivering events, beside a hand-written transaction, pg-boss, graphile-worker and emmett.",
  run: async ({ quick, signal, progress }) => {
    const plan = quick ? plans.quick : plans.full;
    const durable = openSamples();
    const fleeting = openSamples();
    const losses: Record<string, Losses> = {};
    const postgres = await atServer({ durable: true, signal }, async (arena) => {
      progress("fsync on: rates");
      await measureRates(arena, durable, plan.rates);
      progress("fsync on: latency");
      await measureLatency(arena, durable, plan.latency);
      progress("fsync on: 1, 4 and 16 subscriptions");
      await measureFanOut(arena, durable, plan.fanOut);
      progress("fsync on: a writer held open");
      await measureHeldWriter(arena, durable, plan.held);
      progress("fsync on: backlogs");
      await measureDrain(arena, durable, plan.drain);
      for (const name of consumers) losses[`${shown(name)}, fsync on`] = await arena.losses(name);
    });
    await atServer({ durable: false, signal }, async (arena) => {
      progress("fsync off: rates");
      await measureRates(arena, fleeting, plan.rates);
      for (const name of consumers) losses[`${shown(name)}, fsync off`] = await arena.losses(name);
      progress("fsync off: the relay over old rows");
      await measureRelayStep(arena, fleeting, plan.relayStep);
    });
    return { postgres, ratios: ratios(durable, fleeting), figures: figures(durable, fleeting), losses };
  },
};

async function atServer(
  { durable, signal }: { readonly durable: boolean; readonly signal: AbortSignal },
  run: (arena: Arena) => Promise<void>,
): Promise<string> {
  signal.throwIfAborted();
  await using server = await startBenchServer({ durable });
  await using arena = openArena(server);
  const interrupted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => interrupted.reject(signal.reason), { once: true });
  await Promise.race([run(arena), interrupted.promise]);
  return server.version;
}

function shown(name: ContenderName): string {
  return name.startsWith("polder") ? "polder" : name;
}

function ratios(durable: Samples, fleeting: Samples): Measured["ratios"] {
  const inBoth = (samples: Samples): Record<string, Figure> => ({
    publish_vs_limit: samples.figure(byLimit("publish.polder-bus")),
    publish_vs_pipelined_limit: samples.ratio(byLimit("publish.polder-bus"), byLimit("publish.limit-pipelined")),
    delivered_vs_commit_limit: samples.figure(byLimit("delivered.polder")),
    delivered_batch_vs_commit_limit: samples.figure(byLimit("delivered.polder-batch")),
    delivered_runtime_vs_commit_limit: samples.figure(byLimit("delivered.polder-runtime")),
    delivered_vs_pgboss: samples.ratio(byLimit("delivered.polder"), byLimit("delivered.pg-boss")),
    delivered_vs_graphile: samples.ratio(byLimit("delivered.polder"), byLimit("delivered.graphile-worker")),
    delivered_vs_emmett: samples.ratio(byLimit("delivered.polder"), byLimit("delivered.emmett")),
  });
  const off = Object.entries(inBoth(fleeting)).map(([name, ratio]) => [`${name}.fsync_off`, ratio] as const);
  return {
    ...inBoth(durable),
    drain_vs_graphile: durable.ratio("drain.polder-batch", "drain.graphile-worker"),
    drain_each_vs_graphile: durable.ratio("drain.polder", "drain.graphile-worker"),
    latency_p50_vs_notify: durable.ratio("latency.p50.polder-runtime", "latency.p50.notify"),
    held_same_database: heldRatio(durable, "held-same-database", "delivered."),
    held_other_database: heldRatio(durable, "held-other-database", "delivered."),
    held_same_database_limit: heldRatio(durable, "held-same-database", "publish.limit-"),
    held_other_database_limit: heldRatio(durable, "held-other-database", "publish.limit-"),
    ...Object.fromEntries(off),
  };
}

/** Held by what was measured before and after it. */
function heldRatio(samples: Samples, situation: string, what: string): Figure {
  const free = samples.of(`${what}not-held`);
  const [held = Number.NaN] = samples.of(`${what}${situation}`);
  return figureOf(
    free.map((rate) => held / rate),
    "",
  );
}

function figures(durable: Samples, fleeting: Samples): Measured["figures"] {
  const off = Object.entries(fleeting.figures()).map(([name, figure]) => [`${name}.fsync_off`, figure] as const);
  return { ...durable.figures(), ...Object.fromEntries(off) };
}
