import { openDatabase, provision } from "@polder/postgres";
import { REGISTRY_ROLE, registrySystemSteps } from "@polder/registry";
import { Pool } from "undici";
import { startBenchServer } from "../bench-server.ts";
import { createDatabase } from "../create-database.ts";
import { startRemote } from "../remote-process.ts";
import type { Samples } from "../samples.ts";
import type { RegistryMethods } from "./registry-process.ts";

/** Requests under way at once. */
const AT_ONCE = 32;

/** A role of this benchmark's own server, which ends with it. */
const PASSWORD = "bench-registry";

/** What {@link measureRegistry} is told. */
export interface RegistryReadsOptions {
  /** What is registered, and asked for. */
  readonly schema: object;
  readonly rounds: number;
  readonly measureMs: number;
  readonly samples: Samples;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

interface Asking {
  readonly url: string;
  readonly path: string;
  readonly body?: string;
}

/** Measures what clients ask a registry for, beside a bare server with the same answer. */
export async function measureRegistry(options: RegistryReadsOptions): Promise<void> {
  const { rounds, measureMs, samples, signal, progress } = options;
  await using server = await startBenchServer({ durable: true });
  const address = await createDatabase(server, "registry");
  await using admin = openDatabase(address);
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password: () => PASSWORD });
  await using serving = await startRemote<RegistryMethods>({
    name: "the registry",
    url: new URL("./registry-process.ts", import.meta.url),
    opening: { ...address, user: REGISTRY_ROLE, password: PASSWORD },
  });
  const { registry, bare } = await serving.ask("urls");
  const { origin: url, pathname: root } = new URL(registry);
  const body = JSON.stringify({ schemaType: "JSON", schema: JSON.stringify(options.schema) });
  const versions = `${root}/subjects/bench.Compared.v1-value/versions`;
  const asked: Readonly<Record<string, Asking>> = {
    "registry.register-again": { url, path: versions, body },
    "registry.by-id": { url, path: `${root}/schemas/ids/1` },
    "registry.latest": { url, path: `${versions}/latest` },
    "bare.by-id": { url: bare, path: "/" },
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, asking] of Object.entries(asked)) {
      signal.throwIfAborted();
      progress(round === 0 ? `registry: warming up ${name}` : `registry: ${name}, round ${round} of ${rounds}`);
      const perSecond = await rateOf(asking, measureMs);
      if (round > 0) samples.add(name, perSecond, "1/s");
    }
  }
}

async function rateOf({ url, path, body }: Asking, measureMs: number): Promise<number> {
  await using pool = closing(new Pool(url, { connections: AT_ONCE, pipelining: 1 }));
  const startMs = performance.now();
  let answers = 0;
  const ask = async (): Promise<void> => {
    while (performance.now() - startMs < measureMs) {
      const sent = body === undefined ? ({ method: "GET" } as const) : ({ method: "POST", body } as const);
      const { statusCode, body: answer } = await pool.request({ path, ...sent });
      const text = await answer.text();
      if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}: ${text}`);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return answers / ((performance.now() - startMs) / 1_000);
}

function closing(pool: Pool): Pool & AsyncDisposable {
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() });
}
