import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createClient, httpTransport } from "@polder/http";
import {
  type Client,
  composition,
  type Handler,
  type Implementation,
  isPolderError,
  type LogFields,
  type Logger,
  silentLogger,
} from "@polder/model";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type HostOptions, startHost } from "../src/index.ts";
import { storefrontHomes } from "./hosting.ts";
import { parseOpenMetrics } from "./open-metrics.ts";
import {
  Order,
  Payment,
  type SourceBehaviour,
  Storefront,
  sourcesWith,
  storefront,
  storefrontWith,
  whole,
} from "./storefront.ts";

let server: TestServer;
let database: TestDatabase;
let opened: AsyncDisposableStack;

// Nothing here writes, so that all tests may share a database.
beforeAll(async () => {
  server = await testServer();
  database = await server.database(storefrontHomes);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  opened = new AsyncDisposableStack();
});
afterEach(() => opened.disposeAsync());

async function hostOf(implementations: readonly Implementation[], options: Partial<HostOptions> = {}) {
  const { appAddress: address } = database;
  return opened.use(await startHost({ implementations, address, leaseMs: 3_000, ...options }));
}

/** Where the domains run: together, or each in a host of its own. */
type Way = "in one process" | "over HTTP";
const ways: readonly Way[] = ["in one process", "over HTTP"];

interface Running {
  readonly behaviour?: SourceBehaviour;
  readonly front?: Implementation;
  /** URLs that lead somewhere else. */
  readonly urls?: Readonly<Record<string, string>>;
  readonly options?: Partial<HostOptions>;
}

/** The storefront and its sources at work, and a client of it over HTTP. */
async function running(way: Way, { behaviour, front = storefrontWith(), urls = {}, options = {} }: Running = {}) {
  const { sources, seen } = sourcesWith(behaviour);
  const here = Object.entries(sources).filter(([name]) => !(name in urls));
  const started = way === "over HTTP" ? here : [];
  const places = await Promise.all(
    started.map(async ([name, source]) => [name, (await hostOf([source])).url] as const),
  );
  const together = way === "over HTTP" ? [] : here.map(([, source]) => source);
  const host = await hostOf([front, ...together], { urls: { ...Object.fromEntries(places), ...urls }, ...options });
  const transport = httpTransport({ baseUrl: host.url });
  return { host, seen, client: createClient(Storefront, "2.0.0", { transport }), transport };
}

interface Failure {
  readonly code: string;
  readonly status: number | undefined;
  readonly dependency: object | undefined;
}

/** How the history of the customer c1 failed. */
async function failureOf(
  client: Client<(typeof Storefront)["versions"]["2.0.0"]>,
  deadlineMs = 5_000,
): Promise<Failure> {
  const error: unknown = await client.orderHistory({ customerId: "c1" }, { deadlineMs }).then(
    (answer) => {
      throw new Error(`it was answered: ${JSON.stringify(answer)}`);
    },
    (thrown: unknown) => thrown,
  );
  if (!isPolderError(error)) throw error;
  const { problem } = error.details as { readonly problem?: { readonly status: number; readonly dependency?: object } };
  const code = (problem as { readonly code?: string } | undefined)?.code ?? error.code;
  return { code, status: problem?.status, dependency: problem?.dependency };
}

/** A promise that never comes to anything before the call is given up. */
const slow = async ({ signal }: { readonly signal: AbortSignal }): Promise<never> =>
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const broken = async (): Promise<never> => {
  throw new Error("broken");
};

describe.each(ways)("a composition, %s", (way) => {
  test("asks each source for what it needs, once, and answers as its contract says at every version", async () => {
    const { client, seen, transport } = await running(way);
    expect(await client.orderHistory({ customerId: "c1", most: 20 })).toEqual({ ok: true, value: whole });
    // The joins are asked at the same time, so they come in any order.
    expect(seen.map(({ operation, input }) => `${operation} ${JSON.stringify(input)}`).sort()).toEqual([
      'ofCustomer {"customerId":"c1","limit":20}',
      'ofOrders {"orderIds":["o1","o2"]}',
      'product {"sku":"gone"}',
      'product {"sku":"teapot"}',
    ]);
    // Over HTTP nobody says who calls, where nobody asks.
    if (way === "in one process") expect(new Set(seen.map(({ caller }) => caller))).toEqual(new Set(["storefront"]));
    const older = createClient(Storefront, "1.0.0", { transport });
    expect(await older.history({ customerId: "c1" })).toEqual({ ok: true, value: { orderIds: ["o1", "o2"] } });
    // What is left out is left to the source's own default.
    const [, again] = seen.filter(({ operation }) => operation === "ofCustomer");
    expect(again?.input).toEqual({ customerId: "c1", limit: 50 });
  });

  test("passes a refusal of a required source on, with its details", async () => {
    const { client } = await running(way);
    expect(await client.orderHistory({ customerId: "nobody" })).toEqual({
      ok: false,
      refusal: "CustomerUnknown",
      details: { customerId: "nobody" },
    });
  });

  test("fails as any handler does whose call fails, where a required source does", async () => {
    const dependency = { api: "order", operation: "ofCustomer" };
    const { client } = await running(way, { behaviour: { ofCustomer: broken } });
    expect(await failureOf(client)).toEqual({
      code: "DEPENDENCY_FAILED",
      status: 503,
      dependency: { ...dependency, code: "HANDLER_FAILED" },
    });
  });

  test("has time to say whom it waited for", async () => {
    const dependency = { api: "order", operation: "ofCustomer", code: "CALL_DEADLINE_EXCEEDED" };
    const { client } = await running(way, { behaviour: { ofCustomer: slow } });
    expect(await failureOf(client, 1_000)).toEqual({ code: "DEPENDENCY_FAILED", status: 504, dependency });
  });

  test("is answered in time without what is slow or broken, and says so: to its caller, in the log, in the metrics", async () => {
    const lines: (LogFields & { readonly message: string })[] = [];
    const logger: Logger = { ...silentLogger, debug: (message, fields) => void lines.push({ message, ...fields }) };
    const { client, host } = await running(way, {
      behaviour: { ofOrders: slow, product: broken },
      options: { logger },
    });
    const orders = whole.orders.map((order) => ({ ...order, product: null, paid: null }));
    expect(await client.orderHistory({ customerId: "c1" }, { deadlineMs: 1_000 })).toEqual({
      ok: true,
      value: {
        orders,
        missing: [
          { source: "payments", code: "CALL_DEADLINE_EXCEEDED" },
          { source: "products", code: "HANDLER_FAILED" },
        ],
      },
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: '"payments" is missing in the answer of storefront.orderHistory',
        source: "payments",
        code: "CALL_DEADLINE_EXCEEDED",
      }),
    );
    const text = await (await fetch(`${host.url}/metrics`)).text();
    expect(parseOpenMetrics(text).get("polder_composition_missing")?.samples).toEqual(
      [
        ["payments", "CALL_DEADLINE_EXCEEDED"],
        ["products", "HANDLER_FAILED"],
      ].map(([source, code]) =>
        expect.objectContaining({
          labels: { domain: "storefront", operation: "storefront.orderHistory", source, code },
          value: 1,
        }),
      ),
    );
  });

  test("fails for a reason of its own where its functions throw, and where it would ask for too much", async () => {
    const front = storefrontWith(() => {
      throw new Error("a mistake");
    });
    const { client } = await running(way, { front });
    expect(await failureOf(client)).toEqual({ code: "HANDLER_FAILED", status: 500, dependency: undefined });
    const narrow = composition(storefront, Storefront.orderHistory, {
      sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId", limit: "most" } } },
      joins: { payments: { query: Payment.ofOrders, keys: () => ["o1", "o2"], keysMax: 1 } },
      answer: () => ({ orders: [] }),
    });
    const { greeting } = front.apis["storefront"] as { readonly greeting: Handler };
    const { client: narrowed } = await running(way, {
      front: { ...front, apis: { storefront: { orderHistory: narrow, greeting } } },
    });
    expect(await failureOf(narrowed)).toEqual({ code: "COMPOSITION_TOO_WIDE", status: 500, dependency: undefined });
    const many = Array.from({ length: 10_001 }, (_, n) => ({ orderId: `o${n}`, sku: "teapot" }));
    const { client: other } = await running(way, { behaviour: { ofCustomer: async () => ({ orders: many }) } });
    expect(await other.orderHistory({ customerId: "c1" })).toMatchObject({
      value: { missing: [{ source: "payments", code: "COMPOSITION_TOO_WIDE" }] },
    });
  });
});

test("a thousand orders take as many calls as there are full lists of keys, and one for each different product", async () => {
  const orders = Array.from({ length: 1_000 }, (_, n) => ({ orderId: `o${n}`, sku: n % 2 === 0 ? "teapot" : "cup" }));
  const { client, seen } = await running("over HTTP", {
    behaviour: {
      ofCustomer: async () => ({ orders }),
      ofOrders: async ({ input }) => ({
        payments: (input as { readonly orderIds: readonly string[] }).orderIds.map((orderId) => ({
          orderId,
          amount: 1,
        })),
      }),
    },
  });
  const answer = await client.orderHistory({ customerId: "c1" });
  if (!answer.ok) throw new Error(answer.refusal);
  expect(answer.value.missing).toEqual([]);
  expect(answer.value.orders).toHaveLength(1_000);
  expect(answer.value.orders.every(({ paid }) => paid === 1)).toBe(true);
  const count = (operation: string): number => seen.filter((call) => call.operation === operation).length;
  expect(["ofCustomer", "ofOrders", "product"].map(count)).toEqual([1, 10, 2]);
});

/** Something at a port that is no Polder, and answers every request with the same. */
async function somethingElse(answer: string): Promise<string> {
  const listener = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(answer));
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  opened.defer(() => void listener.close());
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

describe("a source that is no use", () => {
  const calls = { attemptsMax: 1, failuresMax: 2, openMs: 600_000 };
  const http = (body: string) =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

  test.each([
    ["is not there", undefined, "CALL_UNREACHABLE"],
    ["answers with a page", http("<html>Welcome!</html>"), "ANSWER_INVALID"],
    ["answers what its contract does not say", http('{"payments":[{"orderId":1}]}'), "ANSWER_INVALID"],
    ["answers more than anybody reads", http(`"${"x".repeat(9_000_000)}"`), "ANSWER_TOO_LARGE"],
    ["hangs up", "", "CALL_UNREACHABLE"],
  ])("%s: it is missing, and the rest is there", async (_, answer, code) => {
    const payment = answer === undefined ? "http://127.0.0.1:1" : await somethingElse(answer);
    const { client } = await running("in one process", { urls: { payment }, options: { calls } });
    const orders = whole.orders.map((order) => ({ ...order, paid: null }));
    const missing = [{ source: "payments", code }];
    expect(await client.orderHistory({ customerId: "c1" })).toEqual({ ok: true, value: { orders, missing } });
  });

  test("costs nothing once its circuit is open", async () => {
    const urls = { payment: "http://127.0.0.1:1" };
    const { client } = await running("in one process", { urls, options: { calls } });
    const codeNow = async () => {
      const answer = await client.orderHistory({ customerId: "c1" });
      return answer.ok ? answer.value.missing.map(({ code }) => code) : answer.refusal;
    };
    expect(await codeNow()).toEqual(["CALL_UNREACHABLE"]);
    expect(await codeNow()).toEqual(["CALL_UNREACHABLE"]);
    expect(await codeNow()).toEqual(["CALL_CIRCUIT_OPEN"]);
  });

  test("is not asked more often at once than the rules say", async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { client } = await running("in one process", {
      behaviour: {
        // One product, so that only the payments are asked for twice at once.
        ofCustomer: async () => ({ orders: [{ orderId: "o1", sku: "teapot" }] }),
        ofOrders: async () => {
          entered.resolve();
          await leave.promise;
          return { payments: [] };
        },
      },
      options: { calls: { concurrentMax: 1, queueMax: 0 } },
    });
    const first = client.orderHistory({ customerId: "c1" });
    await entered.promise;
    expect(await client.orderHistory({ customerId: "c1" })).toMatchObject({
      value: { missing: [{ source: "payments", code: "CALL_BULKHEAD_FULL" }] },
    });
    leave.resolve();
    expect(await first).toMatchObject({ value: { missing: [] } });
  });
});

test("whoever goes away takes the calls of a composition along", async () => {
  const given = Promise.withResolvers<unknown>();
  const entered = Promise.withResolvers<void>();
  const { client } = await running("over HTTP", {
    behaviour: {
      ofOrders: async ({ signal }) => {
        signal.addEventListener("abort", () => given.resolve(signal.reason));
        entered.resolve();
        return await slow({ signal });
      },
    },
  });
  const gone = new AbortController();
  const asking = client.orderHistory({ customerId: "c1" }, { signal: gone.signal });
  await entered.promise;
  gone.abort();
  await expect(asking).rejects.toMatchObject({ code: "CALL_ABORTED" });
  expect(await given.promise).toMatchObject({ code: "CALL_ABORTED" });
});

test("each source has a span below that of the handler, also where several keys are asked for at once", async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    const { client } = await running("in one process", { behaviour: { ofOrders: broken } });
    await client.orderHistory({ customerId: "c1" });
    const spans = exporter.getFinishedSpans();
    const handling = spans.find(({ name }) => name === "handle storefront.orderHistory")?.spanContext().spanId;
    const below = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === handling);
    expect(below.map(({ name, attributes }) => `${name} ${attributes["error.type"] ?? ""}`).sort()).toEqual([
      "call catalog.product ",
      "call catalog.product ",
      "call order.ofCustomer ",
      "call payment.ofOrders CALL_FAILED",
    ]);
  } finally {
    trace.disable();
    context.disable();
  }
});
