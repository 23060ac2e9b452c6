import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  admitDeclared,
  createClient,
  createDispatcher,
  type Dispatcher,
  type HttpServer,
  httpTransport,
  localTransport,
  type OutgoingRequest,
  serveHttp,
  verifyCallers,
} from "../src/index.ts";
import { type Callers, callersWithKeys, declarations } from "./callers.ts";
import { Inventory, type ServedInventory, serveInventory } from "./inventory.ts";

let callers: Callers;
let inventory: ServedInventory;
let dispatcher: Dispatcher;
let server: HttpServer;

beforeEach(async () => {
  callers = await callersWithKeys("order", "customer", "museum", "stranger");
  inventory = serveInventory();
  dispatcher = createDispatcher({ served: [inventory.served], admit: admitDeclared(() => declarations) });
  server = await serveHttp({ dispatcher, port: 0, authenticate: verifyCallers({ keys: callers.keySet }) });
});
afterEach(() => server.stop({ signal: AbortSignal.abort() }));

function clientOf(caller: string) {
  const transport = httpTransport({ baseUrl: server.url, authorize: (request) => callers.authorize(request) });
  return createClient(Inventory, "1.0.0", { transport, caller, user: { subject: "ada", issuer: "https://id.test" } });
}

const reserving: OutgoingRequest = {
  api: "inventory",
  operation: "reserve",
  version: "1.1.0",
  caller: "order",
  user: undefined,
  method: "POST",
  url: "/inventory/v1/reservations",
  key: "order-17",
  body: JSON.stringify({ sku: "a" }),
};

/** Sends a request with some header as the token, as anybody on the network could. */
async function send(token: string | undefined, { method, url, key, body }: OutgoingRequest = reserving) {
  const headers = {
    "content-type": "application/json",
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...(token === undefined ? {} : { "polder-caller": token }),
  };
  const response = await fetch(server.url + url, { method, headers, body: body as string });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text) };
}

async function signed(changes: Partial<OutgoingRequest> = {}, secondsOff = 0): Promise<string> {
  const { "polder-caller": token = "" } = await callers.authorize({ ...reserving, ...changes }, secondsOff);
  return token;
}

const nowSeconds = () => Math.floor(Date.now() / 1_000);

describe("a domain that has declared to need an API", () => {
  test("is admitted, and known with the user on whose behalf it calls", async () => {
    const outcome = await clientOf("order").reserve({ sku: "a" }, { key: "k" });
    expect(outcome).toMatchObject({ ok: true });
    expect(inventory.admitted).toMatchObject([
      { caller: "order", user: { subject: "ada", issuer: "https://id.test" }, key: "k" },
    ]);
  });

  test("is admitted at the major version that it needs, and at no other", async () => {
    const transport = httpTransport({ baseUrl: server.url, authorize: (request) => callers.authorize(request) });
    const museum = createClient(Inventory, "0.9.0", { transport, caller: "museum" });
    expect(await museum.checkAvailability({ sku: "a" })).toMatchObject({ ok: true, value: { sku: "a" } });
    const order = createClient(Inventory, "0.9.0", { transport, caller: "order" });
    await expect(order.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALLER_UNDECLARED" });
    expect(inventory.admitted).toMatchObject([{ caller: "museum", version: "0.9.0" }]);
  });

  test("signs each request anew, so that repeating a call is no replay", async () => {
    for (const _ of [1, 2, 3])
      expect(await clientOf("order").reserve({ sku: "a" }, { key: "k" })).toMatchObject({ ok: true });
  });

  test("goes on while its key is replaced", async () => {
    const client = clientOf("order");
    expect(await client.checkAvailability({ sku: "a" })).toMatchObject({ ok: true });
    await callers.addKey("order.2");
    expect(await client.checkAvailability({ sku: "a" })).toMatchObject({ ok: true });
    callers.publicKeys.splice(0, 1);
    expect(await client.checkAvailability({ sku: "a" })).toMatchObject({ ok: true });
  });
});

describe("CALLER_UNDECLARED: 403", () => {
  test.each(["customer", "museum", "stranger"])("%s, by HTTP and inside the process alike", async (caller) => {
    const refused = { code: "CALLER_UNDECLARED", details: { problem: { status: 403 } } };
    await expect(clientOf(caller).checkAvailability({ sku: "a" })).rejects.toMatchObject(refused);
    const inside = createClient(Inventory, "1.0.0", { transport: localTransport(dispatcher), caller });
    await expect(inside.checkAvailability({ sku: "a" })).rejects.toMatchObject(refused);
    expect(inventory.admitted).toEqual([]);
  });

  test("the gateway, where the contract opens nothing to the outside", async () => {
    const gateway = createClient(Inventory, "1.0.0", { transport: localTransport(dispatcher), caller: "gateway" });
    await expect(gateway.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALLER_UNDECLARED" });
  });
});

describe("CALLER_MISSING: 401", () => {
  test("without a token, before the body is read", async () => {
    const answer = await send(undefined, { ...reserving, body: "x".repeat(2_000_000) });
    expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_MISSING" } });
    expect(answer.headers.get("www-authenticate")).toBe("Polder-Caller");
  });

  test("inside the process, for a client that names no caller", async () => {
    const client = createClient(Inventory, "1.0.0", { transport: localTransport(dispatcher) });
    await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALLER_MISSING" });
  });
});

describe("CALLER_TOKEN_INVALID: 401", () => {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = () => ({ iss: "order", aud: "inventory", iat: nowSeconds(), exp: nowSeconds() + 30, jti: "1" });

  test.each([
    ["garbage", async () => "garbage"],
    ["three empty parts", async () => ".."],
    ["10,000 characters", async () => "x".repeat(10_000)],
    ["alg none", async () => `${encoded({ alg: "none", typ: "polder-caller+jwt" })}.${encoded(claims())}.`],
    ["a symmetric algorithm", async () => `${encoded({ alg: "HS256", kid: "order.1" })}.${encoded(claims())}.c2ln`],
    ["another kind of token", async () => callers.token("order", claims(), { typ: "at+jwt" })],
    ["claims that are missing", async () => callers.token("order", { ...claims(), nbf: nowSeconds() })],
    [
      "a life of an hour",
      async () => {
        const [, payload = ""] = (await signed()).split(".");
        const own = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
        return callers.token("order", { ...own, exp: nowSeconds() + 3_600 });
      },
    ],
  ])("%s", async (_, make) => {
    expect(await send(await make())).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_INVALID" } });
    expect(inventory.admitted).toEqual([]);
  });
});

describe("CALLER_FORGED: 401", () => {
  test("signed with another key than the one it names", async () => {
    await callers.addKey("order.1", { isPublished: false });
    expect(await send(await signed())).toMatchObject({ status: 401, json: { code: "CALLER_FORGED" } });
  });

  test("signed by one domain in the name of another", async () => {
    const [, payload = ""] = (await signed()).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const answer = await send(await callers.token("customer", claims));
    expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_FORGED" } });
  });

  test("with one character of the claims changed", async () => {
    const [head, payload = "", signature] = (await signed()).split(".");
    const other = Buffer.from(
      Buffer.from(payload, "base64url").toString().replace("order-", "order_").replace('"order"', '"0rder"'),
    );
    const answer = await send([head, other.toString("base64url"), signature].join("."));
    expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_FORGED" } });
  });
});

test("CALLER_KEY_UNKNOWN: 401, with what to do", async () => {
  await callers.addKey("order.7", { isPublished: false });
  const answer = await send(await signed());
  expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_KEY_UNKNOWN" } });
  expect(answer.json.detail).toContain("POLDER_PUBLIC_KEYS");
});

describe("clocks that are apart", () => {
  test("five minutes ahead: CALLER_TOKEN_EARLY says so", async () => {
    const answer = await send(await signed({}, 300));
    expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_EARLY" } });
    expect(answer.json.detail).toMatch(/made (300|299) seconds in the future .* clocks of the two machines/);
  });

  test("five minutes behind: CALLER_TOKEN_EXPIRED says so", async () => {
    const answer = await send(await signed({}, -300));
    expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_EXPIRED" } });
    expect(answer.json.detail).toMatch(/ran out (270|271) seconds ago .* clocks of the two machines/);
  });

  test.each([3, -3])("%d seconds do not matter", async (seconds) => {
    expect(await send(await signed({}, seconds))).toMatchObject({ status: 200 });
  });
});

test("CALLER_AUDIENCE_WRONG: a token is useless at another callee", async () => {
  const answer = await send(await signed({ api: "catalog" }));
  expect(answer).toMatchObject({ status: 401, json: { code: "CALLER_AUDIENCE_WRONG" } });
});

test("CALLER_TOKEN_REPLAYED: the same request with the same token is let in once", async () => {
  const token = await signed();
  expect(await send(token)).toMatchObject({ status: 200 });
  expect(await send(token)).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_REPLAYED" } });
  expect(inventory.admitted).toHaveLength(1);
});

test("OVERLOADED: a memory of replays that is full lets nobody in", async () => {
  await using full = await serveHttp({
    dispatcher,
    port: 0,
    authenticate: verifyCallers({ keys: callers.keySet, replaysMax: 1 }),
  });
  const transport = httpTransport({ baseUrl: full.url, authorize: (request) => callers.authorize(request) });
  const client = createClient(Inventory, "1.0.0", { transport, caller: "order" });
  expect(await client.checkAvailability({ sku: "a" })).toMatchObject({ ok: true });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "OVERLOADED" });
});

describe("CALLER_TOKEN_MISUSED: a stolen token is of no use for another request", () => {
  test.each<[string, Partial<OutgoingRequest>]>([
    ["body", { body: JSON.stringify({ sku: "b" }) }],
    ["idempotency key", { key: "order-18" }],
    ["idempotency key left out", { key: undefined }],
    ["path", { url: "/inventory/v1/reservations?x=1" }],
    ["method and path", { method: "DELETE", url: "/inventory/v1/reservations/7", body: "{}" }],
    ["operation", { url: "/inventory/v1/echo", body: JSON.stringify({ value: 1 }) }],
  ])("another %s; and the token is not used up by it", async (_, changes) => {
    const token = await signed();
    const stolen = await send(token, { ...reserving, ...changes });
    expect([400, 401]).toContain(stolen.status);
    expect(["CALLER_TOKEN_MISUSED", "INPUT_INVALID"]).toContain(stolen.json.code);
    expect(inventory.admitted).toEqual([]);
    expect(await send(token)).toMatchObject({ status: 200 });
  });

  test("another version", async () => {
    const token = await signed({ version: "1.0.0" });
    expect(await send(token)).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_MISUSED" } });
  });
});

test("KEYS_UNAVAILABLE: 503 while no public key could be had", async () => {
  const { createKeySet, keysUnavailable } = await import("../src/index.ts");
  const load = async () => {
    throw keysUnavailable("https://keys.test", "it does not answer");
  };
  const authenticate = verifyCallers({ keys: createKeySet({ load, refreshMs: 1_000, cooldownMs: 0 }) });
  await using other = await serveHttp({ dispatcher, port: 0, authenticate });
  const transport = httpTransport({ baseUrl: other.url, authorize: (request) => callers.authorize(request) });
  const client = createClient(Inventory, "1.0.0", { transport, caller: "order" });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({
    code: "KEYS_UNAVAILABLE",
    details: { problem: { status: 503 } },
  });
});
