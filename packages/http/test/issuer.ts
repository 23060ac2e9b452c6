import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** An issuer of a test: discovery, keys and tokens over real HTTP. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly asked: () => number;
  /** A token with these claims beside the usual ones. */
  readonly token: (claims?: object, options?: TokenOptions) => Promise<string>;
  /** Signs with another key from now on; keeps the old one public unless it is dropped. */
  readonly rotate: (options?: { readonly dropsOld?: boolean }) => Promise<void>;
  /** Answers like this from now on, whatever is asked for. */
  readonly answerWith: (answer: { readonly status: number; readonly body: string } | undefined) => void;
  readonly close: () => Promise<void>;
}

interface TokenOptions {
  /** Signed, with the same name of the key, by somebody else. */
  readonly isForged?: boolean;
}

interface NamedKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

async function newKey(): Promise<NamedKey> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const kid = randomUUID();
  return { kid, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" }, privateKey };
}

/** Starts an issuer on any free port. */
export async function startIssuer(): Promise<TestIssuer> {
  let current = await newKey();
  let published = [current];
  let asked = 0;
  let answer: { readonly status: number; readonly body: string } | undefined;
  const server = createServer((request, response) => {
    if (answer !== undefined) return response.writeHead(answer.status).end(answer.body);
    if (request.url === "/realm/.well-known/openid-configuration")
      return response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    asked += 1;
    return response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    url,
    asked: () => asked,
    token: async (claims = {}, { isForged = false } = {}) => {
      const { privateKey } = isForged ? await newKey() : current;
      const seconds = Math.floor(Date.now() / 1_000);
      return await new SignJWT({ iss: url, aud: "shop", sub: "ada", iat: seconds, exp: seconds + 300, ...claims })
        .setProtectedHeader({ alg: "ES256", kid: current.kid })
        .sign(privateKey);
    },
    rotate: async ({ dropsOld = false } = {}) => {
      current = await newKey();
      published = dropsOld ? [current] : [...published, current];
    },
    answerWith: (given) => {
      answer = given;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
