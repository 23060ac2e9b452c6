import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, propagation, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { until } from "@polder/postgres/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLogger, findTrace, listTraces, setUpTracing, type Tracing } from "../src/index.ts";
import { spanNames, startCollector } from "./collector.ts";

let folder: string;
let directory: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "polder-traces-"));
  directory = join(folder, ".polder/traces");
  lines = [];
});
afterEach(() => rm(folder, { recursive: true }));

const logger = createLogger({ write: (line) => void lines.push(line) });

function setUp(env: Readonly<Record<string, string>> = {}, bytesMax = 1_048_576, ratioDefault = 1): Promise<Tracing> {
  const config = { domains: ["./order"], traces: { bytesMax } };
  const loaded = { config, path: join(folder, "polder.config.ts"), directory: folder };
  const project = { loaded, polderDirectory: join(folder, ".polder") };
  return setUpTracing({ project, ratioDefault, env, logger });
}

/** Makes a span that has ended, and gives the id of its trace. */
function made(name: string, attributes: Readonly<Record<string, string>> = {}): string {
  const span = trace.getTracer("test").startSpan(name, { attributes });
  span.end();
  return span.spanContext().traceId;
}

describe("the local store", () => {
  test("keeps what was made until the end, for its owner only", async () => {
    let traceId: string;
    {
      await using tracing = await setUp();
      expect(tracing.target).toBe(directory);
      traceId = made("serve order.place", { "polder.domain": "order" });
    }
    const [file = ""] = await readdir(directory);
    expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, ".polder"))).toEqual([".gitignore", "traces"]);
    expect(await listTraces(directory, { tracesMax: 10 })).toMatchObject([
      { traceId, name: "serve order.place", domains: ["order"], spans: 1, failed: false },
    ]);
    expect(made("after the end")).toBe("0".repeat(32));
  });

  test("gives a trace by its id, by the first digits of it, and by what its spans are about; the newest first", async () => {
    await using tracing = await setUp();
    const first = made("publish order.Placed", { "polder.key": "customer 7", "polder.event_id": "event-1" });
    const correlationId = "0e1f9c0a-0000-4000-8000-000000000000";
    const second = made("publish order.Placed", { "polder.key": "customer 7", "polder.correlation_id": correlationId });
    await tracing[Symbol.asyncDispose]();
    const idOf = async (id: string) => (await findTrace(directory, id))?.traceId;
    expect(await idOf(first)).toBe(first);
    expect(await idOf(first.slice(0, 12).toUpperCase())).toBe(first);
    expect(await idOf("event-1")).toBe(first);
    expect(await idOf(`urn:uuid:${correlationId}`)).toBe(second);
    expect(new Set(await traceIds("customer 7"))).toEqual(new Set([first, second]));
    expect(await idOf(first.slice(0, 5))).toBeUndefined();
    expect(await idOf("customer")).toBeUndefined();
  });

  test("lists those with a failure alone", async () => {
    await using tracing = await setUp();
    made("goes well");
    const failing = trace.getTracer("test").startSpan("goes wrong");
    failing.setStatus({ code: SpanStatusCode.ERROR, message: "out of luck" });
    failing.end();
    await tracing[Symbol.asyncDispose]();
    expect((await listTraces(directory, { tracesMax: 10 })).length).toBe(2);
    expect(await listTraces(directory, { tracesMax: 10, onlyFailed: true })).toMatchObject([
      { name: "goes wrong", failed: true },
    ]);
  });

  test("keeps what fails or is slow beside the sample, whole, and what follows in the same trace; nothing else", async () => {
    // A share of which nothing is in the sample.
    await using tracing = await setUp({}, 1_048_576, 1e-9);
    const tracer = trace.getTracer("test");
    const tree = (name: string, end: (child: Span) => void): Span => {
      const root = tracer.startSpan(name);
      const child = tracer.startSpan(`inside ${name}`, {}, trace.setSpan(context.active(), root));
      end(child);
      root.end();
      return root;
    };
    tree("goes well", (child) => child.end());
    const failed = tree("goes wrong", (child) => child.setStatus({ code: SpanStatusCode.ERROR }).end());
    tracer.startSpan("follows", {}, trace.setSpan(context.active(), failed)).end();
    tracer.startSpan("is slow", { startTime: Date.now() - 1_000 }).end();
    for (let n = 0; n < 1_001; n += 1) tracer.startSpan("never ends");
    await tracing[Symbol.asyncDispose]();
    const found = await listTraces(directory, { tracesMax: 10 });
    expect(found.map(({ name, spans }) => [name, spans]).sort()).toEqual([
      ["goes wrong", 3],
      ["is slow", 1],
    ]);
    expect(found.find(({ failed }) => failed)?.traceId).toBe(failed.spanContext().traceId);
  });

  test("is bounded: the oldest files are removed, whoever wrote them", async () => {
    const bytesMax = 1_048_576;
    await using tracing = await setUp({ OTEL_BSP_SCHEDULE_DELAY: "10" }, bytesMax);
    made("first");
    await until(async () => (await bytesIn(directory)) > 0, "the store is begun");
    await writeFile(join(directory, "20000101T000000.000Z-1.ndjson"), "x".repeat(bytesMax));
    for (let batch = 0; batch < 30; batch += 1) {
      const before = await listed();
      for (let span = 0; span < 500; span += 1) made("filler", { text: "x".repeat(200) });
      await until(async () => (await listed()) !== before, "a batch is written");
      expect(await bytesIn(directory)).toBeLessThan(bytesMax * 2.2);
    }
    await tracing[Symbol.asyncDispose]();
    const files = await readdir(directory);
    expect(files).not.toContain("20000101T000000.000Z-1.ndjson");
    expect(files.length).toBeGreaterThan(1);
    expect(await bytesIn(directory)).toBeLessThan(bytesMax * (1 + 2 / 16));
  });

  test("is read past a line that was not written to its end", async () => {
    await using tracing = await setUp();
    const traceId = made("whole");
    await tracing[Symbol.asyncDispose]();
    const [file = ""] = await readdir(directory);
    await appendFile(join(directory, file), '{"resourceSpans":[{"scopeSp');
    expect(await listTraces(directory, { tracesMax: 10 })).toMatchObject([{ traceId }]);
  });

  test("that cannot be written is said once, and nothing else happens", async () => {
    await writeFile(join(folder, ".polder"), "in the way");
    await using tracing = await setUp();
    made("lost");
    await until(async () => lines.length > 0, "it is said");
    made("lost as well");
    await tracing[Symbol.asyncDispose]();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", message: "traces cannot be kept; the process goes on without", error: { code: "ENOTDIR" } },
    ]);
  });
});

describe("a collector", () => {
  test("gets spans as JSON, with the headers that the environment asks for", async () => {
    await using collector = await startCollector();
    const came = collector.next();
    await using tracing = await setUp({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=shop",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_SERVICE_NAME: "the shop",
    });
    expect(tracing.target).toBe(`${collector.url}/v1/traces`);
    made("one");
    await came;
    const [first] = collector.received;
    expect(first?.path).toBe("/v1/traces");
    expect(first?.headers).toMatchObject({ "content-type": "application/json", "x-tenant": "shop" });
    expect(spanNames(collector.received)).toEqual(["one"]);
    expect(first?.body.toString()).toContain('{"key":"service.name","value":{"stringValue":"the shop"}}');
    await expect(readdir(directory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("gets protobuf unless it is asked for otherwise, and the last spans before the end", async () => {
    await using collector = await startCollector();
    const tracing = await setUp({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/otlp` });
    made("the last one");
    await tracing[Symbol.asyncDispose]();
    expect(collector.received).toMatchObject([
      { path: "/otlp", headers: { "content-type": "application/x-protobuf" } },
    ]);
    expect(collector.received[0]?.body.includes("the last one")).toBe(true);
  });

  test("that is busy for a moment gets the same batch again; one that refuses does not", async () => {
    const statuses = [503, 200, 400];
    await using collector = await startCollector(() => statuses.shift() ?? 200);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    await using tracing = await setUp(env);
    made("one");
    await until(async () => collector.received.length === 2, "it is sent again");
    made("two");
    await until(async () => lines.length === 1, "the refusal is said");
    await tracing[Symbol.asyncDispose]();
    expect(spanNames(collector.received)).toEqual(["one", "one", "two"]);
    expect(lines[0]).toContain("the collector answered with status 400");
  });

  test("that does not answer has one batch under way and a bounded queue behind it; the rest is dropped", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using collector = await startCollector(async () => {
      await released;
      return 200;
    });
    const came = collector.next();
    await using tracing = await setUp({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_MAX_QUEUE_SIZE: "50",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
      OTEL_BSP_SCHEDULE_DELAY: "1",
    });
    for (let span = 0; span < 10; span += 1) made("first batch");
    await came;
    for (let span = 0; span < 10_000; span += 1) made("queued");
    expect(collector.received.length).toBe(1);
    release();
    await tracing[Symbol.asyncDispose]();
    const names = spanNames(collector.received);
    expect(names.filter((name) => name === "first batch").length).toBe(10);
    expect(names.filter((name) => name === "queued").length).toBe(50);
  });

  test("that never answers holds nobody up at the end", async () => {
    await using collector = await startCollector(() => Promise.withResolvers<number>().promise);
    const came = collector.next();
    const tracing = await setUp({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    made("lost");
    await came;
    made("lost as well");
    await tracing[Symbol.asyncDispose]();
    expect(trace.getTracer("test").startSpan("none").isRecording()).toBe(false);
  });

  test("that cannot be reached is said once", async () => {
    const gone = await startCollector();
    await gone[Symbol.asyncDispose]();
    await using tracing = await setUp({
      OTEL_EXPORTER_OTLP_ENDPOINT: gone.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: "50",
      OTEL_BSP_SCHEDULE_DELAY: "1",
    });
    made("lost");
    await until(async () => lines.length > 0, "it is said");
    made("lost as well");
    await tracing[Symbol.asyncDispose]();
    expect(lines.map((line) => JSON.parse(line).message)).toEqual([
      "traces cannot be sent; they are lost until the collector answers",
    ]);
  });
});

describe("nothing is set up", () => {
  test("where the environment says so, or the configuration", async () => {
    await using _off = await setUp({ OTEL_SDK_DISABLED: "true" });
    expect(made("none")).toBe("0".repeat(32));
  });

  test("where somebody else has set an SDK up, which stays", async () => {
    const theirs = new TracerProvider();
    trace.setGlobalTracerProvider(theirs);
    {
      await using tracing = await setUp();
      expect(tracing.target).toBeUndefined();
    }
    expect(trace.getTracer("test").startSpan("theirs").isRecording()).toBe(true);
    trace.disable();
    context.disable();
    propagation.disable();
  });
});

test("a variable that says nothing sensible is warned of, without its value", async () => {
  await using _tracing = await setUp({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://secret@collector" });
  expect(lines.join()).toContain("OTEL_EXPORTER_OTLP_ENDPOINT must be a URL");
  expect(lines.join()).not.toContain("secret");
});

async function traceIds(id: string): Promise<readonly string[]> {
  const found = await findTrace(directory, id);
  return found === undefined ? [] : [found.traceId, ...found.others];
}

async function bytesIn(path: string): Promise<number> {
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function listed(): Promise<string> {
  const names = await readdir(directory);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.size),
  );
  return JSON.stringify([names, sizes]);
}
