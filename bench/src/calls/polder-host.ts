import { join } from "node:path";
import { type Implementation, silentLogger } from "@polder/model";
import { type Host, type HostOptions, setUpTracing, startHost } from "@polder/runtime";
import type { ServerAddress } from "../events/contender.ts";
import { setUpPolder } from "../events/contenders/polder-setup.ts";
import { AT_ONCE } from "./order.ts";
import { openBenchIdentity } from "./polder-identity.ts";

/** What a host of Polder does beside its work. */
export interface PolderParts {
  /** Ask callers who they are, and let in only those who have declared what they call. */
  readonly identifies: boolean;
  /** Make spans, and keep a tenth of the traces in the local store, as `polder start` does. */
  readonly traces: boolean;
  readonly metrics: boolean;
}

/** Everything that a host does in production. */
export const everything: PolderParts = { identifies: true, traces: true, metrics: true };

/** A host of the benchmark, as `polder start` would start it. */
export interface BenchHost extends AsyncDisposable {
  readonly host: Host;
}

/** Starts domains in this process. */
export async function startBenchHost(
  server: ServerAddress,
  implementations: readonly Implementation[],
  options: { readonly parts: PolderParts; readonly urls?: NonNullable<HostOptions["urls"]> },
): Promise<BenchHost> {
  const { identifies, traces, metrics } = options.parts;
  await using opened = new AsyncDisposableStack();
  const config = { domains: ["."], traces: traces ? {} : (false as const) };
  const loaded = { config, path: join(server.directory, "polder.config.ts"), directory: server.directory };
  const project = { loaded, polderDirectory: join(server.directory, ".polder") };
  opened.use(await setUpTracing({ project, ratioDefault: 0.1, env: {}, logger: silentLogger }));
  const setUp = opened.use(await setUpPolder(server));
  const host = opened.use(
    await startHost({
      implementations,
      address: setUp.address,
      connectionsMax: AT_ONCE,
      observe: { metrics },
      ...(identifies ? { identity: openBenchIdentity(server.directory) } : {}),
      ...(options.urls === undefined ? {} : { urls: options.urls }),
    }),
  );
  const moved = opened.move();
  return { host, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
