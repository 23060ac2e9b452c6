import { randomBytes } from "node:crypto";
import { domainOf } from "@polder/model";
import { type CryptoKey, decodeProtectedHeader, SignJWT } from "jose";
import type { AgreedKey } from "./agreed-key.ts";
import type { Authorize } from "./authenticate.ts";
import {
  AGREED_ALGORITHM,
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
  /**
   * The key that a caller and a domain that it calls have agreed on, where they have one. Signing with it costs a tenth
   * of the caller's own key, and checking a thirtieth. Default: each call is signed with the caller's own.
   */
  readonly agreedKey?: (caller: string, callee: string) => Promise<AgreedKey | undefined>;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** Callees that did not know an agreed key are not asked again for so long, in milliseconds. */
const UNKNOWN_MS = 60_000;
/** Callees that are remembered for it at most. */
const UNKNOWN_MAX = 1_000;

/**
 * Makes the proof of calls between domains: a token (compact JWT) of 30 seconds for this one request, signed with the
 * key that caller and callee agreed on (HS256), or else with the caller's own (EdDSA). A call that names no caller gets
 * none.
 */
export function signCalls({ signingKey, agreedKey, now = Date.now }: SignOptions): Authorize {
  const unknownUntilMs = new Map<string, number>();
  const agreed = async (caller: string, callee: string): Promise<AgreedKey | undefined> => {
    if ((unknownUntilMs.get(`${caller} ${callee}`) ?? 0) > now()) return undefined;
    return await agreedKey?.(caller, callee);
  };
  return async (request, refused) => {
    const { api, version, operation, caller, user } = request;
    if (caller === undefined) return {};
    const callee = domainOf(api);
    if (refused !== undefined) {
      // The own key is no better known than it was.
      if (!isAgreed(refused)) return {};
      if (unknownUntilMs.size >= UNKNOWN_MAX) unknownUntilMs.clear();
      unknownUntilMs.set(`${caller} ${callee}`, now() + UNKNOWN_MS);
    }
    const shared = await agreed(caller, callee);
    const { kid, key } = shared ?? (await signingKey(caller));
    const nowSeconds = Math.floor(now() / 1_000);
    const claims: CallerClaims = {
      api,
      version,
      operation,
      req: digestOf(request),
      ...(user === undefined ? {} : { sub: user.subject, sub_iss: user.issuer }),
    };
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: shared === undefined ? "EdDSA" : AGREED_ALGORITHM, kid, typ: CALLER_TOKEN_TYPE })
      .setIssuer(caller)
      .setAudience(callee)
      .setIssuedAt(nowSeconds)
      .setNotBefore(nowSeconds)
      .setExpirationTime(nowSeconds + TOKEN_LIFETIME_SECONDS)
      .setJti(randomBytes(16).toString("base64url"))
      .sign(key);
    return { [CALLER_HEADER]: token };
  };
}

function isAgreed({ [CALLER_HEADER]: token = "" }: Readonly<Record<string, string>>): boolean {
  return decodeProtectedHeader(token).alg === AGREED_ALGORITHM;
}
