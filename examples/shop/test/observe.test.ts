import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { httpTransport, openProject, type Project } from "polder";
import { answerOf } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ShopProcess, startProcess } from "../child-process.ts";
import { shop } from "../domains/all-domains.ts";
import { untilDone } from "../until-done.ts";
import { clientsOf } from "./running-shop.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";
import { type ShopFolder, shopFolder } from "./shop-folder.ts";

// The shop in three processes, and what can be seen of one order.

const main = new URL("../../../packages/polder/src/main.ts", import.meta.url);
const opened = new AsyncDisposableStack();
let database: ShopDatabase;
let folder: ShopFolder;
let project: Project;
let front: ShopProcess;
let back: ShopProcess;

beforeAll(async () => {
  database = opened.use(await shopDatabase());
  // A folder of its own for the traces.
  folder = opened.use(await shopFolder({ traces: { ratio: 1 } }));
  project = opened.use(await openProject({ from: folder.directory, env: database.env }));
  back = opened.use(await start("inventory,payment"));
  opened.use(await start("fulfillment,accounting,catalog,recommendation,storefront"));
  front = opened.use(await start("customer,order", { POLDER_URL_INVENTORY: back.url, POLDER_URL_PAYMENT: back.url }));
}, 120_000);
afterAll(() => opened.disposeAsync());

function start(domains: string, env: Readonly<Record<string, string>> = {}): Promise<ShopProcess> {
  const args = ["start", "--config", folder.config, "--domain", domains, "--port", "0"];
  return startProcess(main, { args, env: { ...database.env, ...env } });
}

/** Runs `polder trace`. */
function trace(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  const all = ["--conditions=source", main.pathname, "trace", ...args, "--config", folder.config];
  return new Promise((resolve) => {
    execFile(process.execPath, all, (error, out) => resolve({ code: Number(error?.code ?? 0), out }));
  });
}

interface DrawnSpan {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly domain: string | null;
  readonly pid: number;
  readonly critical: boolean;
}

async function spansOf(id: string): Promise<readonly DrawnSpan[]> {
  const { out } = await trace(id, "--json");
  return (JSON.parse(out) as { data: { spans: readonly DrawnSpan[] } | null }).data?.spans ?? [];
}

/** Calls as the gateway does, with its key. */
function asGateway(baseUrl: string): ReturnType<typeof httpTransport> {
  const transport = httpTransport({ baseUrl, authorize: project.identity().authorize });
  return { call: (request, options) => transport.call({ ...request, caller: "gateway" }, options) };
}

async function place(order: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const [method, url, body] = ["POST", "/order/v1/orders", JSON.stringify(order)];
  const call = { api: "order", operation: "place", version: "1.0.0", caller: "gateway", user: undefined };
  const proof = await project.identity().authorize({ ...call, method, url, key: undefined, body });
  const all = { "content-type": "application/json", ...headers, ...proof };
  return await fetch(front.url + url, { method, headers: all, body });
}

/** Places an order in a trace that is known beforehand, as a caller with tracing of its own would. */
async function placeOrder(): Promise<{ readonly traceId: string; readonly orderId: string }> {
  const sku = `tea-${randomUUID()}`;
  const clients = clientsOf(asGateway(front.url));
  const { inventory } = clientsOf(asGateway(back.url));
  const { customerId } = answerOf(await clients.customer.register({ name: "Ada", email: "ada@example.org" }));
  await clients.order.setPrice({ sku, unitCents: 250 });
  await inventory.receive({ sku, quantity: 10 });
  const traceId = randomBytes(16).toString("hex");
  const traceparent = `00-${traceId}-${"1".repeat(16)}-01`;
  const response = await place({ customerId, lines: [{ sku, quantity: 2 }] }, { traceparent });
  const { orderId } = (await response.json()) as { orderId: string };
  return { traceId, orderId };
}

test("an order is one trace through calls, transactions, events and all subscriptions, drawn from three processes", {
  timeout: 90_000,
}, async () => {
  const { traceId, orderId } = await placeOrder();
  await untilDone(() => database.underWay(shop));
  const last = "publish inventory.StockPicked";
  await untilDone(async () => {
    const names = (await spansOf(traceId)).map(({ name }) => name);
    const ends = [
      last,
      "handle accounting.book-revenue",
      "handle order.follow-shipment",
      "saga order.checkout: local paid",
    ];
    return ends.filter((name) => !names.includes(name));
  });
  const spans = await spansOf(traceId);
  const nameOf = (id: string | null): string | undefined => spans.find(({ spanId }) => spanId === id)?.name;
  const parents = Object.fromEntries(spans.map(({ name, parentSpanId }) => [name, nameOf(parentSpanId)]));
  expect(parents).toMatchObject({
    "serve order.place": undefined,
    "handle order.place": "serve order.place",
    "start order.checkout": "handle order.place",
    "saga order.checkout: step reserve 0": "start order.checkout",
    "call inventory.reserve": "saga order.checkout: step reserve 0",
    "serve inventory.reserve": "call inventory.reserve",
    "handle inventory.reserve": "serve inventory.reserve",
    "publish inventory.StockReserved": "handle inventory.reserve",
    "publish order.OrderPlaced": "saga order.checkout: local place",
    "relay order.OrderPlaced": "publish order.OrderPlaced",
    "deliver order.OrderPlaced to payment.take-payment": "publish order.OrderPlaced",
    "deliver order.OrderPlaced to fulfillment.ship-orders": "publish order.OrderPlaced",
    "publish payment.PaymentConfirmed": "handle payment.take-payment",
    "deliver payment.PaymentConfirmed to accounting.book-revenue": "publish payment.PaymentConfirmed",
    "saga order.checkout: local paid": "start order.checkout",
    "deliver payment.PaymentConfirmed to fulfillment.ship-orders": "publish payment.PaymentConfirmed",
    "deliver fulfillment.OrderShipped to order.follow-shipment": "publish fulfillment.OrderShipped",
    "deliver fulfillment.OrderShipped to inventory.pick-shipped-orders": "publish fulfillment.OrderShipped",
    commit: expect.any(String),
    [last]: "handle inventory.pick-shipped-orders",
  });
  expect(new Set(spans.map(({ pid }) => pid)).size).toBe(3);
  expect(new Set(spans.map(({ domain }) => domain))).toEqual(
    new Set(["order", "inventory", "payment", "fulfillment", "accounting", "recommendation", "storefront"]),
  );
  const critical = spans.filter((span) => span.critical).map(({ name }) => name);
  expect(critical).toEqual(
    expect.arrayContaining(["serve order.place", "start order.checkout", "publish order.OrderPlaced"]),
  );

  const drawn = await trace(traceId.slice(0, 12));
  expect(drawn.code).toBe(0);
  expect(drawn.out).toMatch(new RegExp(`^trace ${traceId}, began .* 3 processes`));
  expect(drawn.out).toMatch(/\+[\d.]+ ms +[\d.]+ ms +payment +\d+ +\* .*handle payment\.take-payment/);
  // The key of its events finds it as well, and so does an event.
  expect((await trace(orderId)).out).toContain(`trace ${traceId}`);
  const [event] = await database.rows<{ id: string }>(
    `select event_id as id from "order"._outbox where key = '${orderId}'`,
  );
  expect((await trace(event?.id ?? "")).out).toContain(`trace ${traceId}`);
  expect((await trace()).out).toContain(traceId);
});

test("nothing is found: exit code 1", async () => {
  expect(await trace("f".repeat(32))).toMatchObject({ code: 1 });
  expect(JSON.parse((await trace("f".repeat(32), "--json")).out)).toEqual({ ok: false, command: "trace", data: null });
});

test("who is refused, and what failed, can be looked up by what the answer says", async () => {
  const response = await place({ customerId: randomUUID(), lines: [{ sku: "dragon", quantity: 1 }] });
  const problem = (await response.json()) as { refusal: string; trace: string };
  expect(problem).toMatchObject({ refusal: "UnknownProduct", trace: expect.stringMatching(/^[0-9a-f]{32}$/) });
  await untilDone(async () => ((await trace(problem.trace)).code === 0 ? [] : ["the trace is not written yet"]));
  expect((await trace(problem.trace)).out).toContain("serve order.place (refused: UnknownProduct)");
});
