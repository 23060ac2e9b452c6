import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createClient, httpTransport } from "@polder/http";
import { batchSubscription, subscription } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Bank, bankWith, Counted, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows } from "./hosting.ts";

let server: TestServer;
let database: TestDatabase;
const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(bankHomes);
});
afterEach(() => database[Symbol.asyncDispose]());

const counting = subscription(report, "count", {
  "bank.Booked": async ({ event: { id, data }, tx }) => {
    trace.getTracer("test").startSpan("inside the subscription").end();
    await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
    tx.publish(Counted, { account: data.account });
  },
});

async function finished(): Promise<readonly ReadableSpan[]> {
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

async function finishedWith(name: string): Promise<readonly ReadableSpan[]> {
  await until(async () => (await finished()).some((span) => span.name === name), `the span "${name}" has ended`);
  return await finished();
}

describe("with an OpenTelemetry SDK", () => {
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

  test.each(["in one process", "over HTTP"])("a call and all that follows from it is one trace, %s", async (way) => {
    await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })]);
    const transport = way === "over HTTP" ? httpTransport({ baseUrl: host.host.url }) : host.host.transport;
    await createClient(Bank, "1.0.0", { transport }).book({ account: "a", amount: 5 });
    const spans = await finishedWith("publish report.Counted");
    const parents = new Map(
      spans.map((span) => {
        const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
        return [span.name, parent?.name];
      }),
    );
    expect(Object.fromEntries(parents)).toEqual({
      "call bank.book": undefined,
      "serve bank.book": "call bank.book",
      "handle bank.book": "serve bank.book",
      "publish bank.Booked": "handle bank.book",
      commit: "handle bank.book",
      "relay bank.Booked": "publish bank.Booked",
      "deliver bank.Booked to report.count": "publish bank.Booked",
      "handle report.count": "deliver bank.Booked to report.count",
      "inside the subscription": "handle report.count",
      "publish report.Counted": "handle report.count",
    });
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    const delivery = spans.find(({ name }) => name === "deliver bank.Booked to report.count");
    expect(delivery).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: { "polder.event": "bank.Booked", "polder.key": "a", "polder.subscription": "report.count" },
    });
  });

  test("a handler that fails is an error of its span, with the code; what it did not commit has no commit", async () => {
    await using host = await hostOn(database, [
      bankWith({
        book: async ({ tx }) => {
          await tx.sql`select 1`;
          throw new Error("out of luck at postgres://bank:hunter2@db/bank");
        },
      }),
    ]);
    await host.bank.book({ account: "a", amount: 5 }).catch(() => undefined);
    const spans = await finishedWith("call bank.book");
    const handle = spans.find(({ name }) => name === "handle bank.book");
    expect(handle).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "out of luck at postgres://bank:***@db/bank" },
      attributes: { "error.type": "Error", "polder.domain": "bank" },
    });
    expect(spans.map(({ name }) => name)).not.toContain("commit");
  });

  test("a batch belongs to the trace of its first event and is linked to the others", async () => {
    const { promise: seen, resolve: see } = Promise.withResolvers<void>();
    await using writing = await hostOn(database, [bankWith()]);
    for (const account of ["a", "b", "c"]) await writing.bank.book({ account, amount: 1 });
    await writing[Symbol.asyncDispose]();
    await using _host = await hostOn(database, [
      bankWith(),
      reportWith({
        subscriptions: [
          batchSubscription(
            report,
            "count",
            ["bank.Booked"],
            async ({ events }) => void (events.length === 3 && see()),
          ),
        ],
      }),
    ]);
    await seen;
    const spans = await finishedWith("deliver bank.Booked to report.count");
    const published = spans.filter(({ name }) => name === "publish bank.Booked").map((span) => span.spanContext());
    const delivery = spans.find(({ name }) => name === "deliver bank.Booked to report.count");
    expect(delivery?.spanContext().traceId).toBe(published[0]?.traceId);
    expect(delivery?.links.map((link) => link.context.spanId)).toEqual(published.slice(1).map(({ spanId }) => spanId));
  });

  test("an event that is tried again went through the relay once", async () => {
    let attempts = 0;
    await using host = await hostOn(database, [
      bankWith(),
      reportWith({
        subscriptions: [
          subscription(
            report,
            "count",
            {
              "bank.Booked": async () => {
                attempts += 1;
                if (attempts < 3) throw new Error("out of luck");
              },
            },
            { backoffMs: 1, backoffMaxMs: 1 },
          ),
        ],
      }),
    ]);
    await host.bank.book({ account: "a", amount: 1 });
    await until(async () => attempts === 3, "the third attempt is made");
    const names = (await finished()).map(({ name }) => name);
    expect(names.filter((name) => name === "relay bank.Booked")).toHaveLength(1);
  });
});

describe("without one", () => {
  test("nothing is recorded, and events carry no headers", async () => {
    exporter.reset();
    await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })]);
    await host.bank.book({ account: "a", amount: 5 });
    await until(async () => (await rows(database.admin, "select from report._outbox")).length === 1, "it is counted");
    expect(
      await rows(database.admin, "select headers from bank._outbox union all select headers from report._outbox"),
    ).toEqual([{ headers: null }, { headers: null }]);
    expect(await finished()).toEqual([]);
  });
});
