import { randomUUID } from "node:crypto";
import { startBenchServer } from "../bench-server.ts";
import type { Benchmark } from "../benchmark.ts";
import { createDatabase } from "../create-database.ts";
import { openSamples } from "../samples.ts";
import { openDbos } from "./dbos-workflows.ts";
import { openPolderSagas } from "./polder-sagas.ts";
import type { SagaRunner } from "./runner.ts";

/** Sagas under way at once. */
const AT_ONCE = 16;

/** Sizes of the full run, and of the quick one; the first round warms up and does not count. */
const plans = {
  full: { rounds: 6, sagas: 600 },
  quick: { rounds: 2, sagas: 150 },
} as const;

/** Processes of several steps, remembered in PostgreSQL. */
export const saga: Benchmark = {
  name: "saga",
  purpose: "Sagas of three steps from start to end, beside DBOS Transact on the same server.",
  run: async ({ quick, signal, progress }) => {
    const plan = quick ? plans.quick : plans.full;
    const samples = openSamples();
    await using server = await startBenchServer({ durable: true });
    await using polder = await openPolderSagas(await createDatabase(server, "polder_sagas"), AT_ONCE);
    await using dbos = await openDbos(await createDatabase(server, "dbos"), AT_ONCE);
    const systems = [
      ["polder", polder],
      ["dbos", dbos],
    ] as const;
    for (let round = 0; round <= plan.rounds; round += 1) {
      signal.throwIfAborted();
      progress(round === 0 ? "warming up" : `round ${round} of ${plan.rounds}`);
      // Every other round goes backwards, so that nobody always follows the same one.
      for (const [name, runner] of round % 2 === 0 ? systems : systems.toReversed()) {
        const perSecond = await rateOf(runner, plan.sagas);
        if (round > 0) samples.add(`sagas.${name}`, perSecond, "1/s");
      }
    }
    return {
      postgres: server.version,
      ratios: { saga_vs_dbos: samples.ratio("sagas.polder", "sagas.dbos") },
      figures: samples.figures(),
      losses: {},
    };
  },
};

async function rateOf(runner: SagaRunner, sagas: number): Promise<number> {
  const startMs = performance.now();
  let left = sagas;
  const starter = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await runner.run(randomUUID());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, starter));
  return sagas / ((performance.now() - startMs) / 1_000);
}
