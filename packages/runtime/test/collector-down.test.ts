import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createLogger, setUpTracing } from "../src/index.ts";
import { bankWith } from "./bank.ts";
import { startCollector } from "./collector.ts";
import { bankHomes, hostOn } from "./hosting.ts";
import { parseOpenMetrics } from "./open-metrics.ts";

let server: TestServer;
let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(bankHomes);
  folder = await mkdtemp(join(tmpdir(), "polder-traces-"));
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A collector that is not there any more. */
async function refusing() {
  const gone = await startCollector();
  await gone[Symbol.asyncDispose]();
  return gone;
}

/** A collector that takes what comes and answers when the test ends, if at all. */
const silent = () => startCollector(() => Promise.withResolvers<number>().promise);

const COMMANDS = 40;
const QUEUE_MAX = 20;

test.each([
  ["refuses connections", refusing, "50"],
  ["takes connections and never answers", silent, "50"],
  ["is slower than anybody waits here", silent, "600000"],
])(
  "a collector that %s: no command waits for it, a bounded number of spans does, and the others are counted",
  async (_, start, timeoutMs) => {
    await using collector = await start();
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const loaded = { config: { domains: [] }, path: join(folder, "polder.config.ts"), directory: folder };
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: timeoutMs,
      OTEL_BSP_MAX_QUEUE_SIZE: String(QUEUE_MAX),
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
      OTEL_BSP_SCHEDULE_DELAY: "1",
    };
    const project = { loaded, polderDirectory: join(folder, ".polder") };
    await using tracing = await setUpTracing({ project, ratioDefault: 1, env, logger });
    await using host = await hostOn(database, [bankWith()], { observe: { spans: tracing.spans } });
    const spans = async (): Promise<Readonly<Record<string, number>>> => {
      const text = await (await fetch(`${host.host.url}/metrics`)).text();
      const { samples = [] } = parseOpenMetrics(text).get("polder_spans") ?? {};
      return Object.fromEntries(samples.map(({ labels, value }) => [labels["outcome"], value]));
    };
    for (let command = 0; command < COMMANDS; command += 1)
      expect(await host.bank.book({ account: "a", amount: 1 })).toMatchObject({ ok: true });
    await until(async () => {
      const { dropped = 0, lost = 0 } = await spans();
      return timeoutMs === "600000" ? dropped > 0 : lost > QUEUE_MAX;
    }, "spans are dropped, or given up batch by batch");
    // Every command was answered, and not one span was taken.
    expect(await spans()).toMatchObject({ kept: 0 });
    const said = lines.filter((line) => line.includes("traces cannot be sent"));
    expect(said).toHaveLength(timeoutMs === "600000" ? 0 : 1);
  },
);
