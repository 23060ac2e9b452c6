import { type BenchServer, startBenchServer } from "../bench-server.ts";
import type { Benchmark, BenchmarkOptions } from "../benchmark.ts";
import { createDatabase } from "../create-database.ts";
import { differenceOf } from "../figure.ts";
import { type RemoteProcess, startRemote } from "../remote-process.ts";
import { openSamples, type Samples } from "../samples.ts";
import { makeTables } from "./change-by-hand.ts";
import { type ContenderName, contenders } from "./contenders.ts";
import { measureHops } from "./hops.ts";
import type { Load, Loaded, Loading, LoadMethods } from "./load-process.ts";
import type { Serving, ServingMethods } from "./serving-process.ts";

/** Sizes of the full run and of the quick one. A slice begins with requests that do not count. */
const plans = {
  full: { rounds: 12, requests: 4_000, unmeasured: 500, warmUp: 8_000, hops: 20_000 },
  quick: { rounds: 5, requests: 600, unmeasured: 100, warmUp: 1_500, hops: 2_000 },
} as const;

/** What a call over HTTP costs. */
export const calls: Benchmark = {
  name: "calls",
  purpose:
    "A command over HTTP in one transaction, beside bare node:http, Fastify, NestJS and oRPC; calls in a process.",
  run: async (options) => {
    const plan = options.quick ? plans.quick : plans.full;
    const samples = openSamples();
    await using opened = new AsyncDisposableStack();
    const server = opened.use(await startBenchServer({ durable: true }));
    const databases = {
      polder: await createDatabase(server, "polder"),
      by_hand: await createDatabase(server, "by_hand"),
    };
    await makeTables(databases.by_hand);
    await measureCommands(plan, { ...options, samples, server, databases });
    await measureHops(plan, { ...options, samples, server: databases.polder });
    return { postgres: server.version, ratios: ratiosOf(samples), figures: figuresOf(samples), losses: {} };
  },
};

type Plan = (typeof plans)[keyof typeof plans];

interface Measuring extends BenchmarkOptions {
  readonly samples: Samples;
  readonly server: BenchServer;
  readonly databases: Readonly<Record<"polder" | "by_hand", Awaited<ReturnType<typeof createDatabase>>>>;
}

/** One row of the table: who is called, and by whom. */
interface Way extends Omit<Load, "requests"> {
  readonly name: string;
  readonly serving: RemoteProcess<ServingMethods>;
}

async function measureCommands(plan: Plan, measuring: Measuring): Promise<void> {
  const { databases, server, samples, signal, progress } = measuring;
  await using opened = new AsyncDisposableStack();
  const loading: Loading = { directory: server.address.directory };
  const load = opened.use(
    await startRemote<LoadMethods>({
      name: "load",
      url: new URL("./load-process.ts", import.meta.url),
      opening: loading,
    }),
  );
  const ways: Way[] = [];
  for (const [name, { database, identifies, way }] of Object.entries(contenders)) {
    signal.throwIfAborted();
    const opening: Serving = { contender: name as ContenderName, server: databases[database] };
    const url = new URL("./serving-process.ts", import.meta.url);
    const serving = opened.use(await startRemote<ServingMethods>({ name, url, opening }));
    ways.push({ name, serving, url: await serving.ask("url"), way, identifies });
  }
  for (let round = 0; round <= plan.rounds; round += 1) {
    progress(round === 0 ? "warming up" : `commands, round ${round} of ${plan.rounds}`);
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      signal.throwIfAborted();
      if (round === 0) await send(load, way, plan.warmUp);
      else await measureSlice(load, way, { ...plan, samples });
    }
  }
}

async function send(load: RemoteProcess<LoadMethods>, way: Way, requests: number): Promise<Loaded> {
  const { name: _name, serving: _serving, ...to } = way;
  await load.ask("prepare", { ...to, requests });
  return await load.ask("run");
}

async function measureSlice(
  load: RemoteProcess<LoadMethods>,
  way: Way,
  { requests, unmeasured, samples }: Pick<Plan, "requests" | "unmeasured"> & { readonly samples: Samples },
): Promise<void> {
  const { name, serving } = way;
  // Connections that were idle for long are made again.
  await send(load, way, unmeasured);
  const { name: _name, serving: _serving, ...to } = way;
  await load.ask("prepare", { ...to, requests });
  const beforeMs = await serving.ask("cpuMs");
  const loaded = await load.ask("run");
  const cpuMs = (await serving.ask("cpuMs")) - beforeMs;
  samples.add(`http.${name}`, requests / loaded.seconds, "1/s");
  samples.add(`cpu.${name}`, (1_000 * cpuMs) / requests, "µs a request");
  samples.add(`p50.${name}`, loaded.p50, "ms");
  samples.add(`p99.${name}`, loaded.p99, "ms");
  samples.add(`load-cpu.${name}`, (1_000 * loaded.cpuMs) / requests, "µs a request");
}

/** Ratios are ours by theirs, with everything on: more requests per second are better, less CPU time is. */
function ratiosOf(samples: Samples): ReturnType<Samples["figures"]> {
  const others: readonly ContenderName[] = ["bare", "bare-pipelined", "bare-zod", "nest", "fastify", "orpc"];
  return Object.fromEntries([
    ...others.map((other) => [`http_vs_${other.replace("-", "_")}`, samples.ratio("http.polder", `http.${other}`)]),
    ...others.map((other) => [`cpu_vs_${other.replace("-", "_")}`, samples.ratio("cpu.polder", `cpu.${other}`)]),
    ["inprocess_vs_http", samples.ratio("hop.inprocess", "hop.http")],
    ["inprocess_cpu_vs_http", samples.ratio("hop-cpu.inprocess", "hop-cpu.http")],
  ]);
}

/** What each part costs is the CPU time with everything by that without the part, round by round. */
function figuresOf(samples: Samples): ReturnType<Samples["figures"]> {
  const parts = {
    identity: "polder-unidentified",
    tracing: "polder-untraced",
    validation: "polder-unvalidated",
    metrics: "polder-unmeasured",
    "all-of-these": "polder-plain",
  };
  const all = samples.of("cpu.polder");
  const costs = Object.entries(parts).map(([part, name]) => [
    `cost.${part}`,
    differenceOf(all, samples.of(`cpu.${name}`), "µs a request"),
  ]);
  return { ...samples.figures(), ...Object.fromEntries(costs) };
}
