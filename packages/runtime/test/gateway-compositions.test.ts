import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, DEV_TOKEN_PATH, httpTransport } from "@polder/http";
import {
  type ApiCore,
  composition,
  type Domain,
  type Implementation,
  type LogFields,
  type Logger,
  silentLogger,
} from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Host, type HostOptions, openIdentity, openKeyRing, publicKeysPlace, startHost } from "../src/index.ts";
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
let directory: string;
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
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  directory = await mkdtemp(join(tmpdir(), "polder-keys-"));
  opened.defer(() => rm(directory, { recursive: true }));
});
afterEach(() => opened.disposeAsync());

const names = ["order", "payment", "catalog", "storefront", "gateway"];
const declarationsOf = (implementations: readonly Implementation[]): readonly Domain[] =>
  implementations.map((one) => one.domain);

/** A process with an identity; on the same disk as the others. */
async function processOf(options: Partial<HostOptions>, declarations: readonly Domain[]): Promise<Host> {
  const place = publicKeysPlace({ given: undefined, directory, polderDirectory: directory });
  const secrets = openSecrets({ directory, env: {} });
  openKeyRing({ place, secrets }).ensure(names);
  const identity = openIdentity({ declarations: () => declarations, place, secrets, logger: silentLogger });
  const { appAddress: address } = database;
  return opened.use(await startHost({ implementations: [], address, leaseMs: 3_000, identity, ...options }));
}

interface Running {
  readonly behaviour?: SourceBehaviour;
  readonly front?: Implementation;
  readonly logger?: Logger;
  /** The names of the sources that nobody runs. */
  readonly down?: readonly string[];
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number };
}

/** A gateway in a process of its own, which composes what the storefront publishes; the storefront runs nowhere. */
async function entranceOf({ behaviour, front = storefrontWith(), logger, down = [], ...limits }: Running = {}) {
  const { sources, seen } = sourcesWith(behaviour);
  const declarations = declarationsOf([front, ...Object.values(sources)]);
  const running = Object.entries(sources).filter(([name]) => !down.includes(name));
  const inside = await processOf({ implementations: running.map(([, source]) => source) }, declarations);
  const urls = Object.fromEntries(
    Object.keys(sources).map((name) => [name, down.includes(name) ? "http://127.0.0.1:1" : inside.url]),
  );
  const gateway = { declarations: () => declarations, issuer: "development", composes: [front], ...limits } as const;
  const entrance = await processOf({ urls, gateway, ...(logger === undefined ? {} : { logger }) }, declarations);
  return { entrance, seen };
}

/** A client at a gateway: of a user with permissions, or of nobody. */
async function clientAt({ gateway = "" }: Host, subject?: string, scope = "") {
  const authorize = async (): Promise<Record<string, string>> => {
    if (subject === undefined) return {};
    const answer = await fetch(gateway + DEV_TOKEN_PATH, {
      method: "POST",
      headers: { accept: "text/plain" },
      body: new URLSearchParams({ subject, scope }),
    });
    return { authorization: `Bearer ${await answer.text()}` };
  };
  const transport = httpTransport({ baseUrl: gateway, authorize });
  return {
    front: createClient(Storefront, "2.0.0", { transport }),
    older: createClient(Storefront, "1.0.0", { transport }),
  };
}

test("a composition is answered at the gateway, on behalf of the user, though its domain runs nowhere", async () => {
  const { entrance, seen } = await entranceOf();
  const { front, older } = await clientAt(entrance, "ada", "payments.read");
  expect(await front.orderHistory({ customerId: "c1" })).toEqual({ ok: true, value: whole });
  // The joins are asked at the same time, so they come in any order.
  expect(seen.map(({ operation, caller, user }) => `${operation} ${caller} ${user}`).sort()).toEqual([
    "ofCustomer gateway ada",
    "ofOrders gateway ada",
    "product gateway ada",
    "product gateway ada",
  ]);
  expect(await older.history({ customerId: "c1" })).toEqual({ ok: true, value: { orderIds: ["o1", "o2"] } });
  expect(await front.orderHistory({ customerId: "nobody" })).toMatchObject({ ok: false, refusal: "CustomerUnknown" });
  // What is no composition is forwarded as ever, and here that leads nowhere.
  await expect(front.greeting({})).rejects.toMatchObject({ code: "CALL_FAILED" });
  const text = await (await fetch(`${entrance.url}/metrics`)).text();
  const [served] = parseOpenMetrics(text).get("polder_calls_served")?.samples ?? [];
  expect(served?.labels).toMatchObject({ api: "storefront", operation: "orderHistory", caller: "gateway" });
});

describe("what the user may not see", () => {
  test("is missing where it is optional", async () => {
    const { entrance, seen } = await entranceOf();
    const { front } = await clientAt(entrance, "ada", "other.read");
    const orders = whole.orders.map((order) => ({ ...order, paid: null }));
    expect(await front.orderHistory({ customerId: "c1" })).toEqual({
      ok: true,
      value: { orders, missing: [{ source: "payments", code: "PERMISSION_MISSING" }] },
    });
    // It was not asked in vain.
    expect(seen.map(({ operation }) => operation)).not.toContain("ofOrders");
  });

  test("refuses the whole where it is required, before anything is asked, at every version", async () => {
    const required = composition(storefront, Storefront.orderHistory, {
      sources: {
        payments: { query: Payment.ofOrders, input: { orderIds: { always: ["o1"] } } },
        orders: { query: Order.ofCustomer, input: { customerId: "customerId", limit: "most" } },
      },
      answer: () => ({ orders: [] }),
    });
    const front = { ...storefrontWith(), apis: { storefront: { orderHistory: required } } };
    const { entrance, seen } = await entranceOf({ front });
    const { front: ada, older } = await clientAt(entrance, "ada");
    const refusal = { code: "PERMISSION_MISSING", details: { problem: { status: 403 } } };
    await expect(ada.orderHistory({ customerId: "c1" })).rejects.toMatchObject(refusal);
    await expect(older.history({ customerId: "c1" })).rejects.toMatchObject(refusal);
    expect(seen).toEqual([]);
    const { front: eve } = await clientAt(entrance, "eve", "payments.read");
    expect(await eve.orderHistory({ customerId: "c1" })).toMatchObject({ ok: true });
  });

  test("is nobody's who has not signed in", async () => {
    const { entrance } = await entranceOf();
    const { front } = await clientAt(entrance);
    await expect(front.orderHistory({ customerId: "c1" })).rejects.toMatchObject({ code: "USER_MISSING" });
  });
});

describe("at the gateway holds what holds everywhere", () => {
  test("failures of sources", async () => {
    const { entrance } = await entranceOf({ down: ["payment"] });
    const { front } = await clientAt(entrance, "ada", "payments.read");
    const [payments] = [{ source: "payments", code: "CALL_UNREACHABLE" }];
    expect(await front.orderHistory({ customerId: "c1" })).toMatchObject({ value: { missing: [payments] } });
    const { entrance: other } = await entranceOf({ down: ["order"] });
    const { front: at } = await clientAt(other, "ada");
    await expect(at.orderHistory({ customerId: "c1" })).rejects.toMatchObject({
      code: "DEPENDENCY_FAILED",
      details: { problem: { status: 503, dependency: { api: "order", code: "CALL_UNREACHABLE" } } },
    });
  });

  test("deadlines", async () => {
    const { entrance } = await entranceOf({
      behaviour: {
        ofOrders: async ({ signal }) =>
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
    });
    const { front } = await clientAt(entrance, "ada", "payments.read");
    expect(await front.orderHistory({ customerId: "c1" }, { deadlineMs: 1_000 })).toMatchObject({
      value: { missing: [{ source: "payments", code: "CALL_DEADLINE_EXCEEDED" }] },
    });
  });

  test("rate limits", async () => {
    const { entrance } = await entranceOf({ rateLimit: { perSecond: 0.001, burst: 1 } });
    const { front } = await clientAt(entrance, "ada", "payments.read");
    expect(await front.orderHistory({ customerId: "c1" })).toMatchObject({ ok: true });
    await expect(front.orderHistory({ customerId: "c1" })).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });
});

test("where its domain runs in the same process, a composition is replaced with it, and all else is forwarded", async () => {
  const { sources, seen } = sourcesWith();
  const front = storefrontWith();
  const declarations = declarationsOf([front, ...Object.values(sources)]);
  const gateway = { declarations: () => declarations, issuer: "development", composes: [front] } as const;
  const host = await processOf({ implementations: [front, ...Object.values(sources)], gateway }, declarations);
  const { front: ada } = await clientAt(host, "ada", "payments.read");
  expect(await ada.orderHistory({ customerId: "c1" })).toEqual({ ok: true, value: whole });
  expect(new Set(seen.map(({ caller }) => caller))).toEqual(new Set(["gateway"]));
  expect(await ada.greeting({})).toEqual({ ok: true, value: { text: "Welcome" } });
  await host.replace(storefrontWith((orders) => orders.slice(0, 1)));
  expect(await ada.orderHistory({ customerId: "c1" })).toMatchObject({ value: { orders: whole.orders.slice(0, 1) } });
  // One that the gateway could not answer changes nothing.
  await expect(host.replace(closedFront())).rejects.toMatchObject({ code: "DECLARATION_INVALID" });
  expect(await ada.orderHistory({ customerId: "c1" })).toMatchObject({ value: { orders: whole.orders.slice(0, 1) } });
});

test("what is under way when the process stops asks its sources to the end", async () => {
  const entered = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const { sources } = sourcesWith({
    ofCustomer: async () => {
      entered.resolve();
      await goOn.promise;
      return { orders: [{ orderId: "o1", sku: "teapot" }] };
    },
  });
  const declarations = declarationsOf([storefrontWith(), ...Object.values(sources)]);
  const gateway = { declarations: () => declarations, issuer: "development", composes: [storefrontWith()] } as const;
  const host = await processOf({ implementations: Object.values(sources), gateway }, declarations);
  const { front } = await clientAt(host, "ada", "payments.read");
  const asking = front.orderHistory({ customerId: "c1" });
  await entered.promise;
  const stopping = host.stop();
  goOn.resolve();
  expect(await asking).toEqual({ ok: true, value: { orders: whole.orders.slice(0, 1), missing: [] } });
  await stopping;
});

describe("a gateway that could not compose does not start", () => {
  const starting = async (front: Implementation, urls: Readonly<Record<string, string>>, logger = silentLogger) => {
    const gateway = { declarations: () => [], issuer: "development", composes: [front] } as const;
    return await processOf({ urls, gateway, logger }, []);
  };
  const elsewhere = { order: "http://127.0.0.1:1", payment: "http://127.0.0.1:1", catalog: "http://127.0.0.1:1" };

  test("because a query that is asked is not open to the outside: all of them are named", async () => {
    await expect(starting(closedFront(), elsewhere)).rejects.toMatchObject({
      code: "DECLARATION_INVALID",
      details: {
        problems: [
          {
            place: "storefront.orderHistory sources.orders",
            problem:
              "asks order.ofCustomer, which is not open to the outside, so the gateway may not call it; give it an access in its contract",
          },
          expect.objectContaining({ place: "storefront.orderHistory joins.payments" }),
          expect.objectContaining({ place: "storefront.orderHistory joins.products" }),
        ],
      },
    });
  });

  test("because there is nothing to compose", async () => {
    const { greeting } = storefrontWith().apis["storefront"] ?? {};
    const plain = { ...storefrontWith(), apis: { storefront: { greeting } } } as unknown as Implementation;
    await expect(starting(plain, elsewhere)).rejects.toThrow(
      "storefront: has no composition that is open to the outside",
    );
  });

  test("because nobody says where a source runs that is essential; without the others it starts", async () => {
    const { order, ...others } = elsewhere;
    await expect(starting(storefrontWith(), others)).rejects.toMatchObject({ code: "DOMAIN_UNKNOWN" });
    const lines: (LogFields & { readonly message: string })[] = [];
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: LogFields) => void lines.push({ message, ...fields }),
    };
    await starting(storefrontWith(), { order }, logger);
    expect(lines).toContainEqual(expect.objectContaining({ domain: "storefront", callee: "payment" }));
  });
});

/** The storefront, as it would be if what it asks were open to domains only. */
function closedFront(): Implementation {
  const front = storefrontWith();
  const needs = front.domain.needs.map((need) => {
    const { versions } = need.contract as ApiCore;
    const closed = Object.entries(versions).map(([version, operations]) => [
      version,
      Object.fromEntries(Object.entries(operations).map(([name, { access: _, ...rest }]) => [name, rest])),
    ]);
    return { ...need, contract: { ...need.contract, versions: Object.fromEntries(closed) } as ApiCore };
  });
  return { ...front, domain: { ...front.domain, needs } };
}
