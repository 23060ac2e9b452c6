import { join } from "node:path";
import { createClient } from "@polder/http";
import { silentLogger } from "@polder/model";
import { setUpTracing, startHost } from "@polder/runtime";
import type { ServerAddress } from "../events/contender.ts";
import { implementations, Ordering } from "../events/contenders/polder-domains.ts";
import { setUpPolder } from "../events/contenders/polder-setup.ts";
import { nextKey, PUBLISHERS } from "../events/workload.ts";
import { answerParent, openedWith } from "../remote-process.ts";

/** What a process of this benchmark is started with. */
export interface Watching {
  readonly server: ServerAddress;
  readonly metrics: boolean;
  /** How many traces are kept; nothing: no SDK at all. */
  readonly ratio?: number;
}

/** What it can be asked. */
export type WatchedMethods = typeof methods;

/** What a process has done in a slice. */
interface Done {
  readonly commands: number;
  /** Of the process alone, without PostgreSQL. */
  readonly cpuMs: number;
}

// A host that is watched in one way: it runs commands for as long as its parent says, and answers with how many.
const { server, metrics, ratio } = openedWith<Watching>();
const config = { domains: ["."], traces: ratio === undefined ? (false as const) : { ratio } };
const loaded = { config, path: join(server.directory, "polder.config.ts"), directory: server.directory };
const project = { loaded, polderDirectory: join(server.directory, ".polder") };
const tracing = await setUpTracing({ project, ratioDefault: 1, env: process.env, logger: silentLogger });
const setUp = await setUpPolder(server);
// The domain that publishes, alone: processes that idle would take their share of deliveries.
const delivery = { mode: "each", subscriptions: 1, handled: () => undefined } as const;
const host = await startHost({
  implementations: implementations(delivery, () => undefined).slice(0, 1),
  address: setUp.address,
  connectionsMax: PUBLISHERS + 2,
  observe: { metrics },
});
const client = createClient(Ordering, "1.0.0", { transport: host.transport });

const methods = { run };
answerParent(methods, async () => {
  await host.stop();
  await tracing[Symbol.asyncDispose]();
  await setUp[Symbol.asyncDispose]();
});

async function run(durationMs: number): Promise<Done> {
  const before = process.cpuUsage();
  const endsAt = performance.now() + durationMs;
  let commands = 0;
  const publish = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      await client.change({ orderId: nextKey() });
      commands += 1;
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publish));
  const { user, system } = process.cpuUsage(before);
  return { commands, cpuMs: (user + system) / 1_000 };
}
