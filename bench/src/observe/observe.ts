import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { startBenchServer } from "../bench-server.ts";
import type { Benchmark } from "../benchmark.ts";
import { type RemoteProcess, startRemote } from "../remote-process.ts";
import { openSamples } from "../samples.ts";
import type { WatchedMethods, Watching } from "./watched-process.ts";

/** Sizes of the full run and of the quick one. */
const plans = {
  full: { rounds: 12, durationMs: 3_000, warmUpMs: 8_000 },
  quick: { rounds: 3, durationMs: 1_000, warmUpMs: 2_000 },
} as const;

/** Deliveries and relay of one slice come to their end before the next one begins, in milliseconds. */
const SETTLE_MS = 500;

/** What each way of watching is started with, besides the server. */
const ways: Readonly<Record<string, Omit<Watching, "server"> & { readonly collector?: boolean }>> = {
  off: { metrics: false },
  metrics: { metrics: true },
  "traces-0.1": { metrics: true, ratio: 0.1 },
  "traces-1": { metrics: true, ratio: 1 },
  "dead-collector": { metrics: true, ratio: 1, collector: true },
};

/** What it costs to see what happens. */
export const observe: Benchmark = {
  name: "observe",
  purpose:
    "What metrics and traces cost: commands through the runtime with none, with some, with an unreachable collector.",
  run: async ({ quick, signal, progress }) => {
    const plan = quick ? plans.quick : plans.full;
    const samples = openSamples();
    await using opened = new AsyncDisposableStack();
    const server = opened.use(await startBenchServer({ durable: false }));
    const collector = opened.adopt(await startHangingCollector(), closeCollector);
    const address = { ...server.address, database: "postgres" };
    const processes = new Map<string, RemoteProcess<WatchedMethods>>();
    for (const [name, { collector: isCollected = false, ...watching }] of Object.entries(ways)) {
      const env = isCollected ? { OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(collector) } : {};
      const opening: Watching = { ...watching, server: address };
      const url = new URL("./watched-process.ts", import.meta.url);
      processes.set(name, opened.use(await startRemote<WatchedMethods>({ name, url, opening, env })));
    }
    for (let round = 0; round <= plan.rounds; round += 1) {
      progress(`round ${round} of ${plan.rounds}`);
      const order = round % 2 === 0 ? [...processes] : [...processes].toReversed();
      for (const [name, watched] of order) {
        signal.throwIfAborted();
        const durationMs = round === 0 ? plan.warmUpMs : plan.durationMs;
        const { commands, cpuMs } = await watched.ask("run", durationMs);
        if (round > 0) {
          samples.add(`commands.${name}`, commands / (durationMs / 1_000), "1/s");
          samples.add(`cpu.${name}`, (1_000 * cpuMs) / commands, "µs a command");
        }
        await wait(SETTLE_MS, undefined, { signal });
      }
    }
    const others = Object.keys(ways).filter((name) => name !== "off");
    return {
      postgres: server.version,
      ratios: Object.fromEntries(
        others.flatMap((name) => [
          [`${name}_vs_off`, samples.ratio(`commands.${name}`, "commands.off")],
          [`cpu_${name}_vs_off`, samples.ratio(`cpu.${name}`, "cpu.off")],
        ]),
      ),
      figures: samples.figures(),
      losses: {},
    };
  },
};

/** Takes connections and never answers: the worst that a collector can do. */
async function startHangingCollector(): Promise<Server> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function closeCollector(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
