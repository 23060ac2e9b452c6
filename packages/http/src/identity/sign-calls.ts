import { randomBytes } from "node:crypto";
import { domainOf } from "@polder/model";
import { type CryptoKey, SignJWT } from "jose";
import type { Authorize } from "./authenticate.ts";
import {
  CALLER_HEADER,
  CALLER_TOKEN_TYPE,
  type CallerClaims,
  digestOf,
  TOKEN_LIFETIME_SECONDS,
} from "./caller-token.ts";

/** A private key and the name under which others know its public one. */
export interface SigningKey {
  /** `<domain>.<number>`, such as `order.1`. */
  readonly kid: string;
  readonly key: CryptoKey;
}

/** Who signs, and with what clock. */
export interface SignOptions {
  /** The key with which a caller signs now. */
  readonly signingKey: (caller: string) => Promise<SigningKey>;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Makes the proof of calls between domains: a token (compact JWT, EdDSA) of 30 seconds for this one request. A call
 * that names no caller gets none.
 */
export function signCalls({ signingKey, now = Date.now }: SignOptions): Authorize {
  return async (request) => {
    const { api, version, operation, caller, user } = request;
    if (caller === undefined) return {};
    const { kid, key } = await signingKey(caller);
    const nowSeconds = Math.floor(now() / 1_000);
    const claims: CallerClaims = {
      api,
      version,
      operation,
      req: digestOf(request),
      ...(user === undefined ? {} : { sub: user.subject, sub_iss: user.issuer }),
    };
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "EdDSA", kid, typ: CALLER_TOKEN_TYPE })
      .setIssuer(caller)
      .setAudience(domainOf(api))
      .setIssuedAt(nowSeconds)
      .setNotBefore(nowSeconds)
      .setExpirationTime(nowSeconds + TOKEN_LIFETIME_SECONDS)
      .setJti(randomBytes(16).toString("base64url"))
      .sign(key);
    return { [CALLER_HEADER]: token };
  };
}
