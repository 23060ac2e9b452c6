import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { domain, need, team } from "@polder/model";
import { type CryptoKey, decodeProtectedHeader, importJWK, type JWK, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  admitDeclared,
  agreedKid,
  agreeOnKey,
  createClient,
  createDispatcher,
  createKeySet,
  type HttpServer,
  httpTransport,
  type OutgoingRequest,
  type SignOptions,
  serveHttp,
  signCalls,
  verifyCallers,
} from "../src/index.ts";
import { Inventory, type ServedInventory, serveInventory } from "./inventory.ts";

/** A domain's key: 32 random bytes, and the public half that follows from them. */
interface TestKey {
  readonly kid: string;
  readonly secret: string;
  readonly jwk: JWK & { readonly x: string };
}

function makeKey(kid: string): TestKey {
  const seed = randomBytes(32);
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { x = "" } = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({
    format: "jwk",
  });
  return {
    kid,
    secret: seed.toString("base64url"),
    jwk: { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid, x },
  };
}

const order = makeKey("order.1");
const stranger = makeKey("stranger.1");
const payment = makeKey("payment.1");
const inventory = makeKey("inventory.1");
const published = new Map([order, stranger, payment, inventory].map((key) => [key.kid, key]));

const needing = domain("order", {
  owner: team("Tests", { contact: "#tests" }),
  capability: "Take orders",
  needs: [need(Inventory, "1.0.0")],
});

/** How the domain of a key signs calls, by a clock that is so many seconds off. */
function signing(key: TestKey, options: Partial<SignOptions> & { readonly secondsOff?: number } = {}) {
  const { secondsOff = 0, ...more } = options;
  return signCalls({
    signingKey: async () => ({
      kid: key.kid,
      key: (await importJWK({ ...key.jwk, d: key.secret }, "EdDSA")) as CryptoKey,
    }),
    agreedKey: async (_caller, callee) => {
      const other = published.get(`${callee}.1`) ?? inventory;
      return await agreeOnKey({ secret: key.secret, other: other.jwk.x, caller: key.kid, callee: other.kid });
    },
    now: () => Date.now() + secondsOff * 1_000,
    ...more,
  });
}

let served: ServedInventory;
let server: HttpServer;
let known: boolean;

beforeEach(async () => {
  known = true;
  served = serveInventory();
  const keys = [...published.values()].map(({ jwk }) => jwk);
  const authenticate = verifyCallers({
    keys: createKeySet({ load: async () => ({ keys }), refreshMs: 60_000, cooldownMs: 0 }),
    agreedKey: async (caller, callee) => {
      const other = published.get(caller);
      if (!known || other === undefined || callee !== inventory.kid) return undefined;
      return await agreeOnKey({ secret: inventory.secret, other: other.jwk.x, caller, callee });
    },
  });
  const dispatcher = createDispatcher({ served: [served.served], admit: admitDeclared(() => [needing]) });
  server = await serveHttp({ dispatcher, port: 0, authenticate });
});
afterEach(() => server.stop({ signal: AbortSignal.abort() }));

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

async function send(token: string, { method, url, key, body }: OutgoingRequest = reserving) {
  const headers = { "content-type": "application/json", "idempotency-key": key ?? "", "polder-caller": token };
  const response = await fetch(server.url + url, { method, headers, body: body as string });
  return { status: response.status, json: (await response.json()) as { readonly code?: string } };
}

async function tokenOf(authorize = signing(order), request = reserving): Promise<string> {
  return (await authorize(request))["polder-caller"] ?? "";
}

test("both sides agree on the same key, and nobody else does", async () => {
  const kids = { caller: order.kid, callee: inventory.kid };
  const ours = await agreeOnKey({ secret: order.secret, other: inventory.jwk.x, ...kids });
  const theirs = await agreeOnKey({ secret: inventory.secret, other: order.jwk.x, ...kids });
  const others = [
    await agreeOnKey({ secret: stranger.secret, other: inventory.jwk.x, ...kids }),
    await agreeOnKey({ secret: order.secret, other: inventory.jwk.x, caller: "order.2", callee: inventory.kid }),
  ];
  expect(ours.kid).toBe(agreedKid("order.1", "inventory.1"));
  const data = Buffer.from("a call");
  const signature = await crypto.subtle.sign("HMAC", ours.key, data);
  expect(await crypto.subtle.verify("HMAC", theirs.key, signature, data)).toBe(true);
  for (const { key } of others) expect(await crypto.subtle.verify("HMAC", key, signature, data)).toBe(false);
});

test("a public key that would make the secret known agrees with nobody", async () => {
  // The point of order one: whatever it is multiplied with stays what it is.
  const small = Buffer.from([1, ...new Uint8Array(31)]).toString("base64url");
  await expect(agreeOnKey({ secret: order.secret, other: small, caller: "a.1", callee: "b.1" })).rejects.toThrow();
});

test("calls are signed with the agreed key, and admitted as the caller's", async () => {
  const tokens: string[] = [];
  const transport = httpTransport({
    baseUrl: server.url,
    authorize: async (...request) => {
      const headers = await signing(order)(...request);
      tokens.push(headers["polder-caller"] ?? "");
      return headers;
    },
  });
  const client = createClient(Inventory, "1.0.0", { transport, caller: "order" });
  expect(await client.reserve({ sku: "a" }, { key: "k" })).toMatchObject({ ok: true });
  expect(served.admitted).toMatchObject([{ caller: "order", key: "k" }]);
  expect(tokens.map((token) => decodeProtectedHeader(token))).toMatchObject([
    { alg: "HS256", kid: "order.1+inventory.1" },
  ]);
});

describe("a token of an agreed key is refused", () => {
  test.each([
    [
      "CALLER_FORGED",
      "made with the key of somebody else",
      async () => {
        const agreedKey = async () => ({
          ...(await agreeOnKey({
            secret: stranger.secret,
            other: inventory.jwk.x,
            caller: "stranger.1",
            callee: "inventory.1",
          })),
          kid: agreedKid(order.kid, inventory.kid),
        });
        return await tokenOf(signing(order, { agreedKey }));
      },
    ],
    [
      "CALLER_FORGED",
      "made with a public key as its secret",
      async () =>
        await new SignJWT({ iss: "order", aud: "inventory" })
          .setProtectedHeader({ alg: "HS256", kid: "order.1+inventory.1", typ: "polder-caller+jwt" })
          .sign(Buffer.from(inventory.jwk.x, "base64url")),
    ],
    [
      "CALLER_FORGED",
      "of a pair that the caller has no part in",
      async () => await tokenOf(signing(stranger), { ...reserving, caller: "order" }),
    ],
    [
      "CALLER_AUDIENCE_WRONG",
      "for another callee",
      async () => await tokenOf(signing(order), { ...reserving, api: "payment" }),
    ],
    ["CALLER_TOKEN_EXPIRED", "of five minutes ago", async () => await tokenOf(signing(order, { secondsOff: -300 }))],
    ["CALLER_TOKEN_EARLY", "of five minutes ahead", async () => await tokenOf(signing(order, { secondsOff: 300 }))],
    [
      "CALLER_TOKEN_MISUSED",
      "for another body",
      async () => await tokenOf(signing(order), { ...reserving, body: JSON.stringify({ sku: "b" }) }),
    ],
    [
      "CALLER_TOKEN_INVALID",
      "that names one key only",
      async () =>
        await new SignJWT({})
          .setProtectedHeader({ alg: "HS256", kid: "order.1", typ: "polder-caller+jwt" })
          .sign(randomBytes(32)),
    ],
    [
      "CALLER_KEY_UNKNOWN",
      "of keys that nobody published",
      async () =>
        await new SignJWT({})
          .setProtectedHeader({ alg: "HS256", kid: "order.9+inventory.1", typ: "polder-caller+jwt" })
          .sign(randomBytes(32)),
    ],
  ])("%s: one %s", async (code, _what, token) => {
    expect(await send(await token())).toMatchObject({ json: { code } });
    expect(served.admitted).toEqual([]);
  });

  test("CALLER_TOKEN_REPLAYED: one that was used", async () => {
    const token = await tokenOf();
    expect(await send(token)).toMatchObject({ status: 200 });
    expect(await send(token)).toMatchObject({ status: 401, json: { code: "CALLER_TOKEN_REPLAYED" } });
  });
});

test("where the callee cannot agree, the caller signs with its own key, and does not ask again for a minute", async () => {
  known = false;
  let sent = 0;
  const transport = httpTransport({
    baseUrl: server.url,
    authorize: signing(order),
    fetch: (...request) => {
      sent += 1;
      return fetch(...request);
    },
  });
  const client = createClient(Inventory, "1.0.0", { transport, caller: "order" });
  const call = async (): Promise<number> => {
    sent = 0;
    expect(await client.checkAvailability({ sku: "a" })).toMatchObject({ ok: true });
    return sent;
  };
  expect(await Promise.all([client, client].map((one) => one.checkAvailability({ sku: "a" })))).toHaveLength(2);
  expect(await call()).toBe(1);
});
