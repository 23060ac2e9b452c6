import { compareDocuments, type EventDocument } from "@polder/contracts";
import type { Benchmark } from "../benchmark.ts";
import { openSamples } from "../samples.ts";
import { naiveDifferences } from "./naive-comparison.ts";
import { measureRegistry } from "./registry-reads.ts";
import { measureServedVersions } from "./served-versions.ts";

/** Rounds, milliseconds of each measurement of comparisons in them, and requests. */
const plans = {
  full: { rounds: 10, measureMs: 1_000, requests: 4_000, warmUp: 8_000 },
  quick: { rounds: 3, measureMs: 200, requests: 600, warmUp: 1_500 },
} as const;

/** Properties of the event that is compared. */
const PROPERTIES = 60;

/** Two versions of a large event: how long until it is said who breaks. Two versions of an API: what the older one costs. */
export const contracts: Benchmark = {
  name: "contracts",
  purpose:
    "Comparisons of two versions of an event with 60 fields, beside a naive difference of their JSON; converted calls; reads of a registry.",
  run: async (options) => {
    const { signal, progress } = options;
    const plan = options.quick ? plans.quick : plans.full;
    const samples = openSamples();
    const [earlier, compatible, breaking] = [document({}), document({ minor: true }), document({ major: true })];
    const work = {
      "compare.compatible": () => compareDocuments(earlier, compatible),
      "compare.breaking": () => compareDocuments(earlier, breaking),
      "compare.same": () => compareDocuments(earlier, earlier),
      "naive.compatible": () => naiveDifferences(earlier, compatible),
    };
    for (let round = 0; round <= plan.rounds; round += 1) {
      signal.throwIfAborted();
      progress(round === 0 ? "warming up" : `comparisons, round ${round} of ${plan.rounds}`);
      for (const [name, run] of Object.entries(work)) {
        const perSecond = rateOf(run, plan.measureMs);
        if (round > 0) samples.add(name, perSecond, "1/s");
      }
    }
    const postgres = await measureServedVersions(plan, { ...options, samples });
    await measureRegistry({ schema: earlier.schema, ...plan, samples, signal, progress });
    return {
      postgres,
      ratios: {
        compare_vs_naive: samples.ratio("compare.compatible", "naive.compatible"),
        converted_vs_newest: samples.ratio("http.converted", "http.newest"),
        cpu_converted_vs_newest: samples.ratio("cpu.converted", "cpu.newest"),
        registry_by_id_vs_bare: samples.ratio("registry.by-id", "bare.by-id"),
        registry_latest_vs_bare: samples.ratio("registry.latest", "bare.by-id"),
        registry_again_vs_bare: samples.ratio("registry.register-again", "bare.by-id"),
      },
      figures: samples.figures(),
      losses: {},
    };
  },
};

function rateOf(run: () => unknown, measureMs: number): number {
  const startMs = performance.now();
  let times = 0;
  while (performance.now() - startMs < measureMs) {
    run();
    times += 1;
  }
  return times / ((performance.now() - startMs) / 1_000);
}

/** An event with fields of six kinds, ten of each; a minor step adds a field, a major one lets a text grow. */
function document({
  minor = false,
  major = false,
}: {
  readonly minor?: boolean;
  readonly major?: boolean;
}): EventDocument {
  const kinds = [
    { type: "string", format: "uuid" },
    { type: "string", minLength: 1, maxLength: major ? 200 : 100 },
    { type: "integer", minimum: 0 },
    { type: "string", enum: ["small", "medium", "large"] },
    { type: "array", items: { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] } },
    { oneOf: ["card", "cash"].map(paidBy) },
  ];
  const names = Array.from({ length: PROPERTIES }, (_, index) => `field${index}`);
  const properties = Object.fromEntries(names.map((name, index) => [name, kinds[index % kinds.length]]));
  const added = minor ? { note: { type: "string" } } : {};
  const schema = { type: "object", properties: { ...properties, ...added }, required: names };
  // As if it came from a file: no two of its fields are one object.
  return asRead({ kind: "event", name: "bench.Compared", version: "1.0.0", key: "field0", schema });
}

function asRead(document: EventDocument): EventDocument {
  return JSON.parse(JSON.stringify(document)) as EventDocument;
}

function paidBy(kind: string): object {
  return { type: "object", properties: { kind: { const: kind }, cents: { type: "integer" } }, required: ["kind"] };
}
