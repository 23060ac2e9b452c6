import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Benchmark } from "../benchmark.ts";
import { costOf, costWithChildren } from "../process-cost.ts";
import { openSamples, type Samples } from "../samples.ts";
import { copyShop, type DevProcess, polderArguments, type Shop, startDev, timeOf } from "./shop.ts";

/** Sizes of the full run and of the quick one. */
const plans = {
  full: { cold: 3, warm: 5, help: 15, settleMs: 5_000, idleMs: 30_000 },
  quick: { cold: 1, warm: 2, help: 5, settleMs: 2_000, idleMs: 8_000 },
} as const;

/** How soon Polder is there, and what it costs while it has nothing to do. */
export const start: Benchmark = {
  name: "start",
  purpose: "Starting the shop with and without its data, `polder --help`, and what an idle shop costs.",
  run: async ({ quick, signal, progress }) => {
    const plan = quick ? plans.quick : plans.full;
    const samples = openSamples();
    await using shop = await copyShop(signal);
    progress("polder --help, and node alone");
    for (let time = 0; time < plan.help; time += 1) {
      samples.add("node", await timeOf(["-e", "0"]), "ms");
      samples.add("help", await timeOf(polderArguments(["--help"])), "ms");
    }
    progress("cold starts");
    for (let time = 0; time < plan.cold; time += 1) {
      await rm(join(shop.directory, ".polder"), { recursive: true, force: true });
      samples.add("start.cold", await startAndStop(shop), "ms");
    }
    progress("warm starts");
    for (let time = 0; time < plan.warm; time += 1) samples.add("start.warm", await startAndStop(shop), "ms");
    progress(`idle for ${plan.idleMs / 1_000} s`);
    const dev = await startDev(shop);
    try {
      await wait(plan.settleMs, undefined, { signal });
      await measureIdle(samples, dev, { idleMs: plan.idleMs, signal });
    } finally {
      await dev.stop();
    }
    return {
      postgres: dev.postgres,
      ratios: { help_vs_node: samples.ratio("help", "node") },
      figures: samples.figures(),
      losses: {},
    };
  },
};

async function startAndStop(shop: Shop): Promise<number> {
  const dev = await startDev(shop);
  await dev.stop();
  return dev.readyMs;
}

async function measureIdle(
  samples: Samples,
  { pid, postmaster }: DevProcess,
  { idleMs, signal }: { readonly idleMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const before = { node: await costOf(pid), postgres: await costWithChildren(postmaster) };
  const startMs = performance.now();
  await wait(idleMs, undefined, { signal });
  const after = { node: await costOf(pid), postgres: await costWithChildren(postmaster) };
  const passedMs = performance.now() - startMs;
  for (const name of ["node", "postgres"] as const) {
    samples.add(`idle.cpu.${name}`, (100 * (after[name].cpuMs - before[name].cpuMs)) / passedMs, "% of a core");
    samples.add(`idle.memory.${name}`, after[name].memory, "MiB");
  }
}
