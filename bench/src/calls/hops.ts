import type { BenchmarkOptions } from "../benchmark.ts";
import type { ServerAddress } from "../events/contender.ts";
import { type RemoteProcess, startRemote } from "../remote-process.ts";
import type { Samples } from "../samples.ts";
import type { HopMethods, Hopping } from "./hop-process.ts";

/** Calls of one handler under way at once. */
const HOPS_AT_ONCE = 8;

/**
 * Measures a query without a transaction, which one domain's handler asks of another: both in one process, and each in
 * a process of its own. It is counted in the handler that calls.
 */
export async function measureHops(
  { rounds, hops }: { readonly rounds: number; readonly hops: number },
  {
    samples,
    server,
    signal,
    progress,
  }: BenchmarkOptions & { readonly samples: Samples; readonly server: ServerAddress },
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const start = async (hopping: Omit<Hopping, "server">): Promise<RemoteProcess<HopMethods>> => {
    const url = new URL("./hop-process.ts", import.meta.url);
    const name = hopping.domains.join("-and-");
    const opening: Hopping = { server, ...hopping };
    return opened.use(await startRemote<HopMethods>({ name, url, opening }));
  };
  const both = await start({ domains: ["ordering", "billing"], urls: {} });
  const called = await start({ domains: ["ordering"], urls: {} });
  const calling = await start({ domains: ["billing"], urls: { ordering: await called.ask("url") } });
  const ways = [
    { name: "inprocess", calling: both, processes: [both] },
    { name: "http", calling, processes: [calling, called] },
  ];
  for (let round = 0; round <= rounds; round += 1) {
    progress(round === 0 ? "warming up" : `calls between domains, round ${round} of ${rounds}`);
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      signal.throwIfAborted();
      const beforeMs = await cpuOf(way.processes);
      const seconds = await way.calling.ask("hop", { calls: hops, atOnce: HOPS_AT_ONCE });
      const cpuMs = (await cpuOf(way.processes)) - beforeMs;
      if (round === 0) continue;
      samples.add(`hop.${way.name}`, hops / seconds, "1/s");
      samples.add(`hop-cpu.${way.name}`, (1_000 * cpuMs) / hops, "µs a call");
    }
  }
}

async function cpuOf(processes: readonly RemoteProcess<HopMethods>[]): Promise<number> {
  let cpuMs = 0;
  for (const one of processes) cpuMs += await one.ask("cpuMs");
  return cpuMs;
}
