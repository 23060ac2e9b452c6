import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { createClient, createLogger, type Host, httpTransport, type SchemaOutput, startHost } from "polder";
import { answerOf, until } from "polder/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shop } from "../domains/all-domains.ts";
import fulfillment from "../domains/fulfillment/index.ts";
import { customerNames } from "../domains/order/customer-names.ts";
import { Storefront } from "../domains/storefront/contract.ts";
import storefront from "../domains/storefront/index.ts";
import { signIn } from "../sign-in.ts";
import { untilDone } from "../until-done.ts";
import { clientsOf } from "./running-shop.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

// Fulfillment in a host of its own, the other domains in a second one, and a gateway in a third one that runs no domain
// and knows no way to Storefront: what it answers, it has put together itself.

type History = Omit<SchemaOutput<typeof Storefront.orderHistory.declared.output>, "next">;
/** The newest order of a customer comes first. */
type Way = (customerId: string) => Promise<History>;

const opened = new AsyncDisposableStack();
const said: string[] = [];
const others = shop.filter((implementation) => implementation !== fulfillment);
let database: ShopDatabase;
let sending: Host;
let office: Host;
let clients: ReturnType<typeof clientsOf>;
let ways: Readonly<Record<"composition" | "gateway" | "search", Way>>;

beforeAll(async () => {
  // A test holds a transaction open, so nobody else is on this server.
  database = opened.use(await shopDatabase({ own: "order-history" }));
  const { address } = database;
  sending = await startHost({ implementations: [fulfillment], address });
  opened.defer(() => sending.stop());
  const logger = createLogger({ write: (line) => said.push(line) });
  const urls = { fulfillment: sending.url };
  office = opened.use(await startHost({ implementations: others, address, urls, logger }));
  const everywhere = Object.fromEntries(
    ["customer", "order", "payment"].map((name): [string, string] => [name, office.url]),
  );
  const declarations = () => shop.map(({ domain }) => domain);
  const edge = opened.use(
    await startHost({
      implementations: [],
      address,
      urls: { ...urls, ...everywhere },
      gateway: { declarations, issuer: "development", composes: [storefront] },
    }),
  );
  clients = clientsOf(office.transport);
  const gateway = edge.gateway ?? "";
  const transport = httpTransport({ baseUrl: gateway, authorize: signIn(gateway) });
  const atGateway = createClient(Storefront, "1.0.0", { transport });
  ways = {
    composition: async (customerId) => answerOf(await clients.storefront.orderHistory({ customerId })),
    gateway: async (customerId) => answerOf(await atGateway.orderHistory({ customerId })),
    search: async (customerId) => {
      const { next: _next, ...history } = answerOf(await clients.storefront.searchOrders({ customerId }));
      return history;
    },
  };
}, 60_000);
afterAll(() => opened.disposeAsync());

describe("the orders of a customer", () => {
  test("are the same, field by field, whichever way they come", async () => {
    const [ada, bram, carla] = [await newCustomer("Ada"), await newCustomer("Bram de Wit"), await newCustomer("Carla")];
    const [tea, rug] = [await goods(250), await goods(1_313)];
    await place(ada, tea, 2);
    await place(bram, tea, 1);
    await place(ada, rug, 1);
    await place(bram, rug, 2);
    await settled();
    for (const customerId of [ada, bram, carla]) {
      const composed = await ways.composition(customerId);
      expect(await ways.gateway(customerId)).toEqual(composed);
      expect(await ways.search(customerId)).toEqual(composed);
    }
    const shipped = { status: "shipped", trackingNumber: expect.stringMatching(/^PARCEL-/) };
    const confirmed = { status: "confirmed", reason: null };
    const declined = { status: "declined", reason: "the bank declined the card" };
    const waiting = { status: "waiting", trackingNumber: null, shippedAt: null };
    expect(await ways.composition(ada)).toMatchObject({
      orders: [
        { customerName: "Ada", status: "cancelled", totalCents: 1_313, payment: declined, shipment: waiting },
        { customerName: "Ada", status: "shipped", totalCents: 500, payment: confirmed, shipment: shipped },
      ],
      missing: [],
    });
    expect((await ways.search(bram)).orders.map(({ totalCents, status }) => [totalCents, status])).toEqual([
      [2_626, "shipped"],
      [250, "shipped"],
    ]);
    expect(await ways.search(carla)).toEqual({ orders: [], missing: [] });
  });

  test("come without shipments, and say so, while Fulfillment is down; the search is whole", async () => {
    const customerId = await newCustomer("Daan");
    const tea = await goods(250);
    await place(customerId, tea, 1);
    await settled();
    const { port } = new URL(sending.url);
    await sending.stop();
    await place(customerId, tea, 3);
    await settled(others);

    const { orders, missing } = await ways.search(customerId);
    expect(missing).toEqual([]);
    expect(orders).toMatchObject([
      { status: "paid", totalCents: 750, shipment: { status: "waiting" } },
      { status: "shipped", totalCents: 250, shipment: { status: "shipped" } },
    ]);
    for (const way of [ways.composition, ways.gateway])
      expect(await way(customerId)).toEqual({
        orders: orders.map((order) => ({ ...order, shipment: null })),
        missing: [{ source: "shipments", code: expect.stringMatching(/^CALL_(UNREACHABLE|CIRCUIT_OPEN)$/) }],
      });

    const http = { port: Number(port) };
    sending = await startHost({ implementations: [fulfillment], address: database.address, http });
    await settled();
    const whole = await ways.search(customerId);
    expect(whole.orders.map(({ status }) => status)).toEqual(["shipped", "shipped"]);
    for (const way of [ways.composition, ways.gateway]) {
      await until(async () => (await way(customerId)).missing.length === 0, "its callers have noticed that it is back");
      expect(await way(customerId)).toEqual(whole);
    }
  });

  test("have a new one at once, for whoever asks for what is not older than it", async () => {
    const customerId = await newCustomer("Edda");
    const sku = await goods(100);
    const placed = await clients.order.place({ customerId, lines: [{ sku, quantity: 1 }] });
    const { position } = placed as { readonly position?: string };
    expect(position).toBeDefined();
    const { orders } = answerOf(await clients.storefront.searchOrders({ customerId }, { notBefore: position }));
    expect(orders.map(({ orderId }) => orderId)).toEqual([answerOf(placed).orderId]);
  });

  test("are nobody's who is unknown", async () => {
    const customerId = randomUUID();
    const refused = { ok: false, refusal: "UnknownCustomer", details: { customerId } };
    expect(await clients.storefront.orderHistory({ customerId })).toEqual(refused);
    await expect(ways.gateway(customerId)).rejects.toThrow("UnknownCustomer");
    expect(await ways.search(customerId)).toEqual({ orders: [], missing: [] });
  });

  test("are the same to the row in a read model that is built anew from the logs", { timeout: 60_000 }, async () => {
    await settled();
    const program = new URL("../../../packages/polder/src/main.ts", import.meta.url).pathname;
    const config = new URL("../polder.config.ts", import.meta.url).pathname;
    const args = ["read-models", "rebuild", "storefront/order-history", "--config", config];
    const env = { ...process.env, ...database.env };
    await promisify(execFile)(process.execPath, ["--conditions=source", program, ...args], { env });
    const rowsOf = (build: number, table: string) =>
      database.rows(`select * from storefront__build_${build}.${table} order by 1`);
    for (const table of ["order_history", "customer_name"]) {
      const rows = await rowsOf(2, table);
      expect(rows.length).toBeGreaterThan(3);
      expect(rows).toEqual(await rowsOf(1, table));
    }
  });
});

describe("a new name", () => {
  const late = "a replica is farther behind than it may be";
  const heard = (message: string): number => said.filter((line) => line.includes(`"${message}"`)).length;

  test("is in Order's list within five seconds, or the replica says that it is late", async () => {
    const customerId = await newCustomer("John Smith");
    await place(customerId, await goods(100), 1);
    await settled();
    expect(await nameInList(customerId)).toBe("John Smith");
    const alarms = heard(late);
    const sinceMs = performance.now();
    const renamed = await clients.customer.rename({ customerId, name: "John P. Smith" });
    const seen = new Set<string | null>();
    await until(async () => seen.add(await nameInList(customerId)).has("John P. Smith"), "the new name is shown");
    const tookMs = performance.now() - sinceMs;
    expect([...seen].filter((name) => name !== "John Smith")).toEqual(["John P. Smith"]);
    // Nobody is alarmed for nothing: the alarm counts from the event, which came after the clock was started.
    if (tookMs <= customerNames.stalenessMaxMs) expect(heard(late)).toBe(alarms);
    const { position } = renamed as { readonly position?: string };
    expect(await nameInList(customerId, position)).toBe("John P. Smith");
    await settled();
    for (const way of Object.values(ways))
      expect((await way(customerId)).orders.map(({ customerName }) => customerName)).toEqual(["John P. Smith"]);
  });

  test("that is held up is an alarm after five seconds, and shown when it comes through", {
    timeout: 60_000,
  }, async () => {
    const customerId = await newCustomer("Kees");
    await settled();
    const alarms = heard(late);
    const holding = database.admin.begin();
    try {
      await holding.query(`lock table order__build_1.customer_name in share mode`);
      answerOf(await clients.customer.rename({ customerId, name: "Kees Jansen" }));
      await until(() => heard(late) > alarms, "somebody is told");
      expect(await nameInList(customerId)).toBe("Kees");
      const ready = await (await fetch(`${office.url}/readyz`)).text();
      expect(Number(/"behind":\{"customer-name":(\d+)\}/.exec(ready)?.[1])).toBeGreaterThan(5_000);
    } finally {
      await holding.rollback();
    }
    await until(() => heard("a replica is within its bound again") > alarms, "it has come through");
    expect(await nameInList(customerId)).toBe("Kees Jansen");
  });
});

async function nameInList(customerId: string, notBefore?: string): Promise<string | null> {
  return answerOf(await clients.order.ordersOfCustomer({ customerId }, { notBefore })).customerName;
}

async function newCustomer(name: string): Promise<string> {
  const email = `${name.replaceAll(/\W/g, ".")}@history.example`;
  return answerOf(await clients.customer.register({ name, email })).customerId;
}

async function goods(unitCents: number): Promise<string> {
  const sku = randomUUID();
  await clients.order.setPrice({ sku, unitCents });
  await clients.inventory.receive({ sku, quantity: 100 });
  return sku;
}

async function place(customerId: string, sku: string, quantity: number): Promise<void> {
  answerOf(await clients.order.place({ customerId, lines: [{ sku, quantity }] }));
}

async function settled(running = shop): Promise<void> {
  await untilDone(() => database.underWay(running), { timeoutMs: 20_000 });
}
