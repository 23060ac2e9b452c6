import { type BenchServer, startBenchServer } from "../bench-server.ts";
import type { BenchmarkOptions } from "../benchmark.ts";
import type { Load, Loading, LoadMethods } from "../calls/load-process.ts";
import { createDatabase } from "../create-database.ts";
import { startRemote } from "../remote-process.ts";
import type { Samples } from "../samples.ts";
import type { VersionsMethods } from "./versions-process.ts";

/** Which version is called as what. */
const ways = { converted: "1.0.0", newest: "2.0.0" } as const;

/**
 * Measures the command of the benchmark of calls at the newest version of its API and at the one before it, whose input
 * and answer are converted. One process serves both; slices take turns.
 *
 * @returns the version of the server.
 */
export async function measureServedVersions(
  plan: { readonly rounds: number; readonly requests: number; readonly warmUp: number },
  { samples, signal, progress }: BenchmarkOptions & { readonly samples: Samples },
): Promise<string> {
  await using opened = new AsyncDisposableStack();
  const server: BenchServer = opened.use(await startBenchServer({ durable: true }));
  const opening = await createDatabase(server, "versions");
  const serving = opened.use(
    await startRemote<VersionsMethods>({
      name: "versions",
      url: new URL("./versions-process.ts", import.meta.url),
      opening,
    }),
  );
  const loading: Loading = { directory: server.address.directory };
  const load = opened.use(
    await startRemote<LoadMethods>({
      name: "load",
      url: new URL("../calls/load-process.ts", import.meta.url),
      opening: loading,
    }),
  );
  const to: Omit<Load, "requests" | "version"> = { url: await serving.ask("url"), way: "raw", identifies: false };
  for (let round = 0; round <= plan.rounds; round += 1) {
    progress(round === 0 ? "warming up" : `calls, round ${round} of ${plan.rounds}`);
    const turn = Object.entries(ways);
    for (const [name, version] of round % 2 === 0 ? turn : turn.toReversed()) {
      signal.throwIfAborted();
      const requests = round === 0 ? plan.warmUp : plan.requests;
      await load.ask("prepare", { ...to, version, requests });
      const beforeMs = await serving.ask("cpuMs");
      const { seconds, p50 } = await load.ask("run");
      const cpuMs = (await serving.ask("cpuMs")) - beforeMs;
      if (round === 0) continue;
      samples.add(`http.${name}`, requests / seconds, "1/s");
      samples.add(`cpu.${name}`, (1_000 * cpuMs) / requests, "µs a request");
      samples.add(`p50.${name}`, p50, "ms");
    }
  }
  return server.version;
}
