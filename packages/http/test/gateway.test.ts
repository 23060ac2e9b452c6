import type { LogFields, Logger } from "@polder/model";
import { Hono } from "hono";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  admitDeclared,
  createDispatcher,
  type Dispatcher,
  type Gateway,
  type GatewayOptions,
  httpTransport,
  localTransport,
  startGateway,
} from "../src/index.ts";
import { startIssuer, type TestIssuer } from "./issuer.ts";
import { prices, servePrices } from "./price-list.ts";

let issuer: TestIssuer;
let dispatcher: Dispatcher;
let admitted: ReturnType<typeof servePrices>["admitted"];
let gateway: Gateway;
let opened: AsyncDisposableStack;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  issuer = opened.use(await startIssuer());
  const served = servePrices();
  admitted = served.admitted;
  dispatcher = createDispatcher({ served: [served.served], admit: admitDeclared(() => [prices]) });
  gateway = await gatewayWith({});
});
afterEach(() => opened.disposeAsync());

async function gatewayWith(options: Partial<GatewayOptions>): Promise<Gateway> {
  return opened.use(
    await startGateway({
      domains: [prices],
      findTransport: () => localTransport(dispatcher),
      issuer: {
        issuer: issuer.url,
        audience: "shop",
        permissionClaims: ["scope", "realm_access.roles", "https://a.b/may"],
      },
      ...options,
    }),
  );
}

interface Sent {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly to?: Gateway;
}

async function send(method: string, path: string, { token, headers, body, to = gateway }: Sent = {}) {
  const response = await fetch(to.url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text === "" ? undefined : JSON.parse(text) };
}

const order = (token?: string, more: Sent = {}) =>
  send("POST", "/prices/v1/orders", { token, body: { sku: "a" }, ...more });

describe("what the contract opens", () => {
  test("to anyone: without a token, as the gateway on nobody's behalf", async () => {
    expect(await send("GET", "/prices/v1/prices/a%2Fb")).toMatchObject({ status: 200, json: { sku: "a/b", cents: 5 } });
    expect(admitted).toMatchObject([{ caller: "gateway" }]);
    expect(admitted[0]).not.toHaveProperty("user");
  });

  test("to whoever has signed in: on their behalf", async () => {
    expect(await order(await issuer.token())).toMatchObject({ status: 200, json: { quantity: 1 } });
    expect(admitted).toMatchObject([{ caller: "gateway", user: { subject: "ada", issuer: issuer.url } }]);
  });

  test.each([
    { scope: "openid prices.write" },
    { realm_access: { roles: ["prices.write"] } },
    { "https://a.b/may": ["prices.write", 5] },
  ])("to a permission, in %j", async (claims) => {
    const token = await issuer.token(claims);
    const body = { cents: 7 };
    expect(await send("PUT", "/prices/v1/prices/a", { token, body })).toMatchObject({ status: 204 });
  });

  test("PERMISSION_MISSING: 403 for a user without it", async () => {
    for (const claims of [
      {},
      { scope: "prices.writer xprices.write" },
      { scope: 5 },
      { realm_access: "prices.write" },
    ]) {
      const answer = await send("PUT", "/prices/v1/prices/a", {
        token: await issuer.token(claims),
        body: { cents: 7 },
      });
      expect(answer).toMatchObject({ status: 403, json: { code: "PERMISSION_MISSING" } });
    }
    expect(admitted).toEqual([]);
  });

  test("USER_MISSING: 401 without a token where one is needed", async () => {
    const answer = await order();
    expect(answer).toMatchObject({ status: 401, json: { code: "USER_MISSING" } });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("nothing else: an operation without access is not there", async () => {
    const answer = await send("GET", "/prices/v1/costs/a", { token: await issuer.token({ scope: "prices.write" }) });
    expect(answer).toMatchObject({ status: 404, json: { code: "OPERATION_UNKNOWN" } });
  });

  test("and what changes in the declarations, from the next request on", async () => {
    gateway.replace([]);
    expect(await send("GET", "/prices/v1/prices/a")).toMatchObject({ status: 404 });
    gateway.replace([prices]);
    expect(await send("GET", "/prices/v1/prices/a")).toMatchObject({ status: 200 });
  });
});

describe("answers and refusals", () => {
  test("are those of the domain", async () => {
    const token = await issuer.token();
    const refused = await order(token, { body: { sku: "moon" } });
    expect(refused).toMatchObject({ status: 409, json: { refusal: "SoldOut", details: { sku: "moon" } } });
    const wrong = await order(token, { body: { sku: 5, more: 1 } });
    expect(wrong).toMatchObject({ status: 400, json: { code: "INPUT_INVALID", violations: [{}, {}] } });
    const broken = await send("GET", "/prices/v1/prices/broken");
    expect(broken).toMatchObject({ status: 500, json: { code: "HANDLER_FAILED" } });
    expect(broken.text).not.toContain("1234");
  });

  test("a path cannot lead to another operation", async () => {
    for (const sku of ["%2e%2e", "%2e"])
      expect(await send("GET", `/prices/v1/prices/${sku}`)).toMatchObject({
        status: expect.toSatisfy((s) => s >= 400),
      });
    expect(admitted).toEqual([]);
  });

  test("a domain that cannot be reached is 502, and its address stays inside", async () => {
    const away = await gatewayWith({ findTransport: () => httpTransport({ baseUrl: "http://127.0.0.1:1/inside" }) });
    const answer = await send("GET", "/prices/v1/prices/a", { to: away });
    expect(answer).toMatchObject({ status: 502, json: { code: "CALL_UNREACHABLE" } });
    expect(answer.text).not.toMatch(/127\.0\.0\.1|inside/);
  });

  test("a domain that turns the gateway itself away is 500, and says nothing of why", async () => {
    const logged: string[] = [];
    const error = (message: string, fields: LogFields = {}) => logged.push(`${message} ${String(fields["error"])}`);
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error };
    const strict = createDispatcher({
      served: [servePrices().served],
      admit: (call, route) => admitDeclared(() => [])({ ...call, caller: "nobody" }, route),
    });
    const other = await gatewayWith({ findTransport: () => localTransport(strict), logger });
    const answer = await send("GET", "/prices/v1/prices/a", { to: other });
    expect(answer).toMatchObject({ status: 500, json: { code: "HANDLER_FAILED" } });
    expect(answer.text).not.toContain("CALLER_UNDECLARED");
    expect(logged.join()).toContain("CALLER_UNDECLARED");
  });
});

describe("headers of the inside are not taken from the outside", () => {
  test("who calls, on whose behalf, and what a trace carries along", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const headers = {
      "polder-caller": "order",
      "polder-user": "root",
      baggage: "user=root",
      tracestate: "a=1",
      traceparent,
    };
    expect(await send("GET", "/prices/v1/prices/a", { headers })).toMatchObject({ status: 200 });
    expect(admitted).toMatchObject([{ caller: "gateway", headers: { traceparent } }]);
    expect(Object.keys(admitted[0]?.headers ?? {})).toEqual(["traceparent"]);
  });

  test("idempotency keys of users are apart, and the same for one user", async () => {
    const headers = { "idempotency-key": "order-1" };
    for (const sub of ["ada", "bob", "ada"]) await order(await issuer.token({ sub }), { headers });
    await send("GET", "/prices/v1/prices/a", { headers });
    const [ada, bob, again, nobody] = admitted.map(({ key }) => key);
    expect(ada).toBe(again);
    expect(ada).not.toBe(bob);
    expect(ada).not.toBe("order-1");
    expect(nobody).toBe("order-1");
  });
});

describe("USER_TOKEN_INVALID: 401", () => {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const secret = new TextEncoder().encode("a secret that somebody made up, with many letters");

  test.each<[string, () => Promise<string>]>([
    ["garbage", async () => "garbage"],
    ["20,000 characters", async () => "x".repeat(20_000)],
    ["alg none", async () => `${encoded({ alg: "none" })}.${encoded({ iss: issuer.url, aud: "shop", sub: "ada" })}.`],
    [
      "a symmetric algorithm",
      async () => new SignJWT({ iss: issuer.url, sub: "ada" }).setProtectedHeader({ alg: "HS256" }).sign(secret),
    ],
    ["another issuer", async () => issuer.token({ iss: "https://other.test" })],
    ["another audience", async () => issuer.token({ aud: ["bank"] })],
    ["no subject", async () => issuer.token({ sub: undefined })],
    ["no end", async () => issuer.token({ exp: undefined })],
    ["a beginning in the future", async () => issuer.token({ nbf: Date.now() / 1_000 + 300 })],
    ["a forged signature", async () => issuer.token({}, { isForged: true })],
  ])("%s; also where no token is needed", async (_, make) => {
    const token = await make();
    expect(await order(token)).toMatchObject({ status: 401, json: { code: "USER_TOKEN_INVALID" } });
    expect(await send("GET", "/prices/v1/prices/a", { token })).toMatchObject({ status: 401 });
    expect(admitted).toEqual([]);
  });

  test.each(["Basic YTpi", "Bearer", "Bearer a b", "Bearer a, Bearer b"])(
    "Authorization: %s",
    async (authorization) => {
      const answer = await order(undefined, { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, json: { code: "USER_TOKEN_INVALID" } });
    },
  );
});

test("USER_TOKEN_EXPIRED: 401, with a tolerance of 5 seconds", async () => {
  const seconds = Date.now() / 1_000;
  const answer = await order(await issuer.token({ exp: seconds - 60 }));
  expect(answer).toMatchObject({ status: 401, json: { code: "USER_TOKEN_EXPIRED" } });
  expect(await order(await issuer.token({ exp: seconds - 2 }))).toMatchObject({ status: 200 });
});

describe("the issuer", () => {
  test("may replace its keys: a token of the new one is taken, and one of a dropped key soon no longer", async () => {
    let nowMs = Date.now();
    const other = await gatewayWith({ now: () => nowMs });
    const before = await issuer.token({ exp: nowMs / 1_000 + 86_400 });
    expect(await order(before, { to: other })).toMatchObject({ status: 200 });
    await issuer.rotate({ dropsOld: true });
    nowMs += 3_000;
    expect(await order(await issuer.token(), { to: other })).toMatchObject({ status: 200 });
    expect(await order(before, { to: other })).toMatchObject({ status: 401, json: { code: "USER_TOKEN_INVALID" } });
    expect(issuer.asked()).toBe(2);
  });

  test("may be out of reach once its keys are known", async () => {
    let nowMs = Date.now();
    const other = await gatewayWith({ now: () => nowMs });
    const token = await issuer.token({ exp: nowMs / 1_000 + 86_400 });
    expect(await order(token, { to: other })).toMatchObject({ status: 200 });
    await issuer.close();
    for (const _ of [1, 2, 3]) {
      nowMs += 3_600_000;
      expect(await order(token, { to: other })).toMatchObject({ status: 200 });
    }
  });

  test.each([
    ["does not answer", undefined],
    ["answers with an error", { status: 500, body: "" }],
    ["answers with something else", { status: 200, body: "<html>" }],
    ["answers in another name", { status: 200, body: JSON.stringify({ issuer: "https://other.test", jwks_uri: "x" }) }],
    ["answers without keys", { status: 200, body: "null" }],
  ])("KEYS_UNAVAILABLE: 503 while it %s and no keys are known", async (_, answer) => {
    if (answer === undefined) await issuer.close();
    else issuer.answerWith(answer);
    const refused = await order(await issuer.token());
    expect(refused).toMatchObject({ status: 503, json: { code: "KEYS_UNAVAILABLE" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await send("GET", "/prices/v1/prices/a")).toMatchObject({ status: 200 });
  });

  test("ISSUER_MISSING: a gateway that asks for tokens does not start without one", async () => {
    const options = { domains: [prices], findTransport: () => localTransport(dispatcher) };
    await expect(startGateway(options)).rejects.toMatchObject({
      code: "ISSUER_MISSING",
      details: { operations: ["prices.order", "prices.setPrice"] },
    });
  });

  test("of development gives a token to anybody who asks, and to nobody elsewhere", async () => {
    const dev = await gatewayWith({ issuer: "development" });
    const ask = (to: Gateway, form: Record<string, string>) =>
      fetch(`${to.url}/.polder/token`, { method: "POST", body: new URLSearchParams(form) });
    const asked = await ask(dev, { subject: "ada", scope: "prices.write" });
    const { access_token: token } = (await asked.json()) as { access_token: string };
    const put = (to: Gateway) => send("PUT", "/prices/v1/prices/a", { to, token, body: { cents: 1 } });
    expect(await put(dev)).toMatchObject({ status: 204 });
    expect(admitted).toMatchObject([{ user: { subject: "ada", issuer: "urn:polder:development" } }]);
    expect((await ask(dev, {})).status).toBe(400);
    expect((await ask(dev, { subject: "x".repeat(20_000) })).status).toBe(413);
    expect((await ask(gateway, { subject: "ada" })).status).toBe(404);
    expect(await put(gateway)).toMatchObject({ status: 401 });
  });
});

describe("what is mounted beside the domains", () => {
  test("asks who comes, counts them, and stays closed where nobody may", async () => {
    const app = new Hono();
    app.all("/*", (context) => context.text(`${context.req.method} ${context.req.path}`));
    const access: Readonly<Record<string, string>> = { "/open": "anyone", "/known": "signed-in", "/right": "a.right" };
    const mounted = await gatewayWith({
      mounts: [{ name: "shelf", app, accessOf: ({ path }) => ({ operation: "look", access: access[path] }) }],
      rateLimit: { perSecond: 0.01, burst: 5 },
    });
    const look = (path: string, token?: string) =>
      fetch(
        `${mounted.url}/shelf${path}`,
        token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
      );
    expect(await (await look("/open")).text()).toBe("GET /shelf/open");
    const codeOf = async (path: string, token?: string) => Object(await (await look(path, token)).json()) as object;
    expect(await codeOf("/known")).toMatchObject({ status: 401, code: "USER_MISSING" });
    expect(await codeOf("/closed")).toMatchObject({ status: 404, code: "OPERATION_UNKNOWN" });
    expect(await codeOf("")).toMatchObject({ status: 404, code: "OPERATION_UNKNOWN" });
    const [ada, bob] = [await issuer.token(), await issuer.token({ sub: "bob", scope: "a.right" })];
    expect((await look("/known", ada)).status).toBe(200);
    expect(await codeOf("/right", ada)).toMatchObject({ status: 403, code: "PERMISSION_MISSING" });
    expect((await look("/right", bob)).status).toBe(200);
    await look("/open");
    expect(await codeOf("/open")).toMatchObject({ status: 429, code: "RATE_LIMITED" });
  });
});

describe("RATE_LIMITED: 429 with Retry-After", () => {
  test("for each user by itself, and for those without a token by address", async () => {
    const slow = await gatewayWith({ rateLimit: { perSecond: 0.01, burst: 2 } });
    const [ada, bob] = [await issuer.token(), await issuer.token({ sub: "bob" })];
    const statuses: number[] = [];
    for (const token of [ada, ada, ada, bob]) statuses.push((await order(token, { to: slow })).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
    const anyone = () => send("GET", "/prices/v1/prices/a", { to: slow });
    await anyone();
    await anyone();
    const limited = await anyone();
    expect(limited).toMatchObject({ status: 429, json: { code: "RATE_LIMITED" } });
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(50);
  });

  test("for those who try tokens that are none", async () => {
    const slow = await gatewayWith({ rateLimit: { perSecond: 0.01, burst: 2 } });
    const statuses: number[] = [];
    for (const token of ["a", "b", "c"]) statuses.push((await order(token, { to: slow })).status);
    expect(statuses).toEqual([401, 401, 429]);
  });
});
