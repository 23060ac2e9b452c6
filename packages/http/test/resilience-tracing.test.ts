import { context, propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type CallTransport,
  createClient,
  createDispatcher,
  hedgedTransport,
  httpErrors,
  localTransport,
  resilientTransport,
} from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";
import { virtualClock } from "./virtual-clock.ts";

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

async function spans(): Promise<readonly ReadableSpan[]> {
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

/** Reaches the inventory after as many attempts in vain. */
function reachedAfter(failures: number): CallTransport {
  const inventory = localTransport(createDispatcher({ served: [serveInventory().served] }));
  let made = 0;
  return {
    call: async (request, options) => {
      made += 1;
      if (made <= failures) throw httpErrors.CALL_UNREACHABLE("Nobody is there.", request);
      return await inventory.call(request, options);
    },
  };
}

test("attempts are counted in the span of the call, and what was answered stays one trace", async () => {
  const clock = virtualClock({ runsAhead: true });
  const transport = resilientTransport({ transport: reachedAfter(2), clock });
  await createClient(Inventory, "1.1.0", { transport }).checkAvailability({ sku: "a" });
  const [serve, call] = await spans();
  expect(call).toMatchObject({ name: "call inventory.checkAvailability", attributes: { "polder.attempts": 3 } });
  expect(serve?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
});

test("a call that needed one attempt says nothing of it", async () => {
  const transport = resilientTransport({ transport: reachedAfter(0) });
  await createClient(Inventory, "1.1.0", { transport }).checkAvailability({ sku: "a" });
  const call = (await spans()).find(({ name }) => name === "call inventory.checkAvailability");
  expect(call?.attributes).not.toHaveProperty("polder.attempts");
});

test("a query that was sent twice says so", async () => {
  const clock = virtualClock({ runsAhead: true });
  const slow: CallTransport = {
    call: async (request, options) => {
      await new Promise(setImmediate);
      return await reachedAfter(0).call(request, options);
    },
  };
  const transport = hedgedTransport({ transport: slow, afterMs: 5, clock });
  await createClient(Inventory, "1.1.0", { transport }).checkAvailability({ sku: "a" });
  const call = (await spans()).find(({ name }) => name === "call inventory.checkAvailability");
  expect(call?.attributes).toMatchObject({ "polder.hedged": true });
});

test("a fallback is in the span, with the code of the failure, and the call is no error", async () => {
  const client = createClient(Inventory, "1.1.0", {
    transport: reachedAfter(1),
    fallbacks: { checkAvailability: ({ sku }) => ({ sku, available: 0 }) },
  });
  await client.checkAvailability({ sku: "a" });
  const [call] = await spans();
  expect(call).toMatchObject({
    attributes: { "polder.fallback": "CALL_UNREACHABLE", "error.type": "CALL_UNREACHABLE" },
    status: { code: SpanStatusCode.UNSET },
  });
});
