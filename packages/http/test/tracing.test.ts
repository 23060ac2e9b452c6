import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createClient,
  createDispatcher,
  type Dispatcher,
  httpTransport,
  localTransport,
  serveHttp,
} from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";
import type { OpenTransport } from "./transport-conformance.ts";

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

beforeEach(() => exporter.reset());

const opens: Readonly<Record<string, (dispatcher: Dispatcher) => Promise<OpenTransport>>> = {
  "inside one process": async (dispatcher) => ({
    transport: localTransport(dispatcher),
    [Symbol.asyncDispose]: async () => undefined,
  }),
  "over HTTP": async (dispatcher) => {
    const server = await serveHttp({ dispatcher, port: 0 });
    return { transport: httpTransport({ baseUrl: server.url }), [Symbol.asyncDispose]: () => server.stop() };
  },
};

describe.each(Object.entries(opens))("%s", (_, open) => {
  test("a call is one trace: the caller's span, the server's below it, and the handler's below that", async () => {
    const { served } = serveInventory();
    const execute: typeof served.execute = async (handler, call) => {
      trace.getTracer("test").startSpan("inside the handler").end();
      return served.execute(handler, call);
    };
    await using opened = await open(createDispatcher({ served: [{ ...served, execute }] }));
    const client = createClient(Inventory, "1.1.0", { transport: opened.transport, caller: "order" });
    await client.reserve({ sku: "a" });
    const named = new Map((await finishedSpans()).map((span) => [span.name, span]));
    const [call, serve, inside] = [
      named.get("call inventory.reserve"),
      named.get("serve inventory.reserve"),
      named.get("inside the handler"),
    ];
    expect(call).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        "polder.api": "inventory",
        "polder.operation": "reserve",
        "polder.version": "1.1.0",
        "polder.caller": "order",
      },
    });
    expect(serve).toMatchObject({
      kind: SpanKind.SERVER,
      attributes: { "polder.api": "inventory", "polder.operation": "reserve" },
    });
    expect(serve?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
    expect(inside?.parentSpanContext?.spanId).toBe(serve?.spanContext().spanId);
    expect(new Set([...named.values()].map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test("a failure is an error on both sides; the caller's own mistake is none of the server", async () => {
    const { served } = serveInventory({ thrown: new Error("out of luck") });
    await using opened = await open(createDispatcher({ served: [served] }));
    const client = createClient(Inventory, "1.1.0", opened);
    await client.misbehave({ how: "throw an error" }).catch(() => undefined);
    expect(await statuses()).toEqual([
      ["serve inventory.misbehave", SpanStatusCode.ERROR, "HANDLER_FAILED"],
      ["call inventory.misbehave", SpanStatusCode.ERROR, "CALL_FAILED"],
    ]);
    exporter.reset();
    await client.reserve({ sku: "a" }, { key: "" }).catch(() => undefined);
    expect(await statuses()).toEqual([["call inventory.reserve", SpanStatusCode.ERROR, "IDEMPOTENCY_KEY_INVALID"]]);
    exporter.reset();
    await client.reserve({ sku: "a", quantity: 6 });
    expect(await statuses()).toEqual([
      ["serve inventory.reserve", SpanStatusCode.UNSET, undefined],
      ["call inventory.reserve", SpanStatusCode.UNSET, undefined],
    ]);
  });
});

async function finishedSpans() {
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

async function statuses() {
  const spans = await finishedSpans();
  return spans.map(({ name, status, attributes }) => [name, status.code, attributes["error.type"]]);
}

describe("who calls over HTTP can name the trace of what went wrong", () => {
  const parent = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };

  test.each([
    ["a refusal", "reservations", { sku: "a", quantity: 6 }],
    ["a failure", "misbehave", { how: "throw an error" }],
  ])("%s", async (_, path, input) => {
    const { served } = serveInventory({ thrown: new Error("out of luck") });
    await using server = await serveHttp({ dispatcher: createDispatcher({ served: [served] }), port: 0 });
    const headers = { "content-type": "application/json", ...parent };
    const body = JSON.stringify(input);
    const response = await fetch(`${server.url}/inventory/v1/${path}`, { method: "POST", headers, body });
    expect(await response.json()).toMatchObject({ status: response.status, trace: "a".repeat(32) });
  });

  test("what could not be read has a span of its own, and its trace", async () => {
    const { served } = serveInventory();
    await using server = await serveHttp({ dispatcher: createDispatcher({ served: [served] }), port: 0 });
    const headers = { "content-type": "text/plain", ...parent };
    const response = await fetch(`${server.url}/inventory/v1/reservations`, { method: "POST", headers, body: "{}" });
    expect(await response.json()).toMatchObject({ code: "MEDIA_TYPE_UNSUPPORTED", trace: "a".repeat(32) });
    expect((await finishedSpans()).map(({ name }) => name)).toEqual(["serve inventory.reserve"]);
  });
});
