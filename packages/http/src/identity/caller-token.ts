import { createHash } from "node:crypto";
import type { SentRequest } from "./authenticate.ts";

/** The header that carries the token of a call between domains. */
export const CALLER_HEADER = "polder-caller";

/** The token's media type, so that no other token of the same key is taken for one (RFC 8725, section 3.11). */
export const CALLER_TOKEN_TYPE = "polder-caller+jwt";

/** How a token is signed with a key that caller and callee agreed on (RFC 7518, section 3.2). */
export const AGREED_ALGORITHM = "HS256";

/** How long a token holds, in seconds. */
export const TOKEN_LIFETIME_SECONDS = 30;

/** How long a token may hold that somebody else made, in seconds: what the memory of replays is for. */
export const TOKEN_LIFETIME_SECONDS_MAX = 60;

/** How far the clocks of two machines may be apart unless somebody says otherwise, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** Characters of a token at most. */
export const TOKEN_LENGTH_MAX = 8_192;

/** What a token says beside the registered claims `iss` (caller), `aud` (callee), `iat`, `nbf`, `exp` and `jti`. */
export interface CallerClaims {
  readonly api: string;
  readonly version: string;
  readonly operation: string;
  /** Digest of the request: see {@link digestOf}. */
  readonly req: string;
  /** The user's subject and issuer, where the call is on somebody's behalf. */
  readonly sub?: string;
  readonly sub_iss?: string;
}

/**
 * The digest that binds a token to one request: SHA-256 in base64url over method, path with query and idempotency key
 * as a JSON list, a line break, and the bytes of the body.
 */
export function digestOf({ method, url, key, body }: Omit<SentRequest, "version">): string {
  const head = JSON.stringify([method, url, key ?? null]);
  return createHash("sha256").update(`${head}\n`).update(body).digest("base64url");
}
