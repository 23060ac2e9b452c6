import { domainOf, type Logger, silentLogger, type User } from "@polder/model";
import { type JWTPayload, type JWTVerifyGetKey, errors as jose, jwtVerify } from "jose";
import { httpErrors } from "../errors.ts";
import { overloaded } from "../gate.ts";
import type { Route } from "../operation-table.ts";
import { type AgreedKey, agreedFrom } from "./agreed-key.ts";
import { type Authenticate, headerOf, type SentRequest } from "./authenticate.ts";
import {
  AGREED_ALGORITHM,
  CALLER_HEADER,
  CALLER_TOKEN_TYPE,
  type CallerClaims,
  CLOCK_TOLERANCE_SECONDS,
  digestOf,
  TOKEN_LENGTH_MAX,
  TOKEN_LIFETIME_SECONDS_MAX,
} from "./caller-token.ts";
import type { KeySet } from "./key-set.ts";
import { createReplayGuard, type ReplayGuard } from "./replay-guard.ts";

/** Whose keys are believed, and how exact clocks are. */
export interface VerifyOptions {
  /** The public keys of all domains. */
  readonly keys: KeySet;
  /** The key that a caller's key and a key of a domain of this process agree on, where both are known here. Default: none. */
  readonly agreedKey?: (caller: string, callee: string) => Promise<AgreedKey | undefined>;
  /** How far the clocks of two machines may be apart, in seconds. Default 5. */
  readonly clockToleranceSeconds?: number;
  /** Tokens that are remembered against replays at most. Default 500,000. */
  readonly replaysMax?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Told of every caller that is turned away. Default: says nothing. */
  readonly logger?: Logger;
}

/**
 * Makes the one who checks the tokens of calls between domains. What needs the head of a request only is checked before
 * its body is read: signature, times, callee and operation. The rest follows with the body: that the token is of this
 * very request, and was not used before.
 */
export function verifyCallers(options: VerifyOptions): Authenticate {
  const {
    clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS,
    now = Date.now,
    logger = silentLogger,
    replaysMax,
  } = options;
  const rememberMs = (TOKEN_LIFETIME_SECONDS_MAX + 2 * clockToleranceSeconds) * 1_000;
  const guard = createReplayGuard({ rememberMs, ...(replaysMax === undefined ? {} : { idsMax: replaysMax }) });
  return async ({ headers, address }, route) => {
    const log = (error: unknown): unknown => {
      logger.warn("a caller was turned away", { api: route.api, operation: route.operation, address, error });
      return error;
    };
    try {
      const token = headerOf(headers, CALLER_HEADER);
      if (token === undefined) throw missing(route);
      const claims = await verifiedClaims(token, route, { ...options, clockToleranceSeconds, now });
      return {
        caller: claims.iss,
        ...userOf(claims),
        confirm: (request) => {
          try {
            confirm(claims, { request, route, guard, nowMs: now() });
          } catch (error) {
            throw log(error);
          }
        },
      };
    } catch (error) {
      throw log(error);
    }
  };
}

type Claims = CallerClaims & Required<Pick<JWTPayload, "iss" | "jti" | "iat" | "exp">>;

const requiredClaims = ["iss", "aud", "iat", "nbf", "exp", "jti", "api", "version", "operation", "req"];

async function verifiedClaims(
  token: string,
  route: Route,
  options: VerifyOptions & { clockToleranceSeconds: number; now: () => number },
): Promise<Claims> {
  if (token.length > TOKEN_LENGTH_MAX) throw invalid(`it has more than ${TOKEN_LENGTH_MAX} characters`);
  const { clockToleranceSeconds, now } = options;
  const nowMs = now();
  try {
    const { payload, protectedHeader } = await jwtVerify<CallerClaims>(token, keyFinder(route, options), {
      algorithms: ["EdDSA", AGREED_ALGORITHM],
      typ: CALLER_TOKEN_TYPE,
      audience: domainOf(route.api),
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(nowMs),
      requiredClaims,
    });
    const claims = payload as Claims;
    if (claims.exp - claims.iat > TOKEN_LIFETIME_SECONDS_MAX)
      throw invalid(`it holds for more than ${TOKEN_LIFETIME_SECONDS_MAX} seconds`);
    const kid = protectedHeader.kid ?? "";
    if (domainOf(kid) !== claims.iss) throw forged(`it says "${claims.iss}", and is signed with the key "${kid}"`);
    return claims;
  } catch (error) {
    throw explained(error, { route, nowMs, token });
  }
}

/** Which kind of key a token is checked with is said by its algorithm, and each kind is looked up among its own. */
function keyFinder({ api }: Route, { keys, agreedKey }: VerifyOptions): JWTVerifyGetKey {
  return async (header, token) => {
    if (header.alg !== AGREED_ALGORITHM) return await keys.getKey(header, token);
    const { caller, callee } = agreedFrom(header.kid ?? "");
    if (callee === "") throw invalid(`its key "${header.kid ?? ""}" is none that two domains agreed on`);
    if (domainOf(callee) !== domainOf(api)) throw audienceWrong(domainOf(caller), domainOf(callee), domainOf(api));
    const agreed = await agreedKey?.(caller, callee);
    if (agreed === undefined) throw new jose.JWKSNoMatchingKey();
    return agreed.key;
  };
}

interface Confirming {
  readonly request: SentRequest;
  readonly route: Route;
  readonly guard: ReplayGuard;
  readonly nowMs: number;
}

/** The use of a token is noted last: one that came with another request does not use it up. */
function confirm(claims: Claims, { request, route, guard, nowMs }: Confirming): void {
  const { api, operation, version } = claims;
  const isSame = api === route.api && operation === route.operation && version === request.version;
  if (!isSame || claims.req !== digestOf(request)) {
    throw httpErrors.CALLER_TOKEN_MISUSED(
      `The token of "${claims.iss}" was made for another request than this one of ${route.api}.${route.operation}: ` +
        "method, path, query, version, idempotency key and body must be what was signed. Nothing was done; " +
        "sign each request by itself, and let no proxy rewrite it.",
      { caller: claims.iss, api: route.api, operation: route.operation },
    );
  }
  const noted = guard.note(claims.jti, nowMs);
  if (noted === "full") throw overloaded("the tokens that it can remember against replays");
  if (noted === "replayed") {
    throw httpErrors.CALLER_TOKEN_REPLAYED(
      `The token of "${claims.iss}" was used before, for a call of ${route.api}.${route.operation}. Nothing was done; ` +
        "sign a new token for each attempt, also when the same call is repeated.",
      { caller: claims.iss, api: route.api, operation: route.operation },
    );
  }
}

function userOf({ sub, sub_iss: issuer }: Claims): { readonly user?: User } {
  return typeof sub === "string" && typeof issuer === "string" ? { user: { subject: sub, issuer } } : {};
}

interface Circumstances {
  readonly route: Route;
  readonly nowMs: number;
  readonly token: string;
}

/** What the library says of a token, in words of this package. */
function explained(error: unknown, { route, nowMs }: Circumstances): unknown {
  const nowSeconds = nowMs / 1_000;
  if (error instanceof jose.JWTExpired) {
    const ago = Math.round(nowSeconds - Number(error.payload.exp));
    return httpErrors.CALLER_TOKEN_EXPIRED(
      `The token of "${error.payload.iss}" ran out ${ago} seconds ago by the clock of "${domainOf(route.api)}". Either it ` +
        "was on its way for too long, or the clocks of the two machines are apart. Sign a new one; set the clocks (NTP).",
      { caller: String(error.payload.iss), seconds: ago },
    );
  }
  if (error instanceof jose.JWTClaimValidationFailed) return explainedClaim(error, { route, nowSeconds });
  if (error instanceof jose.JWKSNoMatchingKey) {
    return httpErrors.CALLER_KEY_UNKNOWN(
      `The token names a key that "${domainOf(route.api)}" does not know, or that was retired. Give all processes the same ` +
        "public keys (POLDER_PUBLIC_KEYS), and publish a new key before it signs.",
      { callee: domainOf(route.api) },
      { cause: error },
    );
  }
  if (error instanceof jose.JWSSignatureVerificationFailed)
    return forged("its signature is not of the key that it names; somebody else made it, or has other keys");
  return error instanceof jose.JOSEError ? invalid(error.message, error) : error;
}

function explainedClaim(
  error: jose.JWTClaimValidationFailed,
  { route, nowSeconds }: { readonly route: Route; readonly nowSeconds: number },
): unknown {
  const { claim, payload, reason } = error;
  const callee = domainOf(route.api);
  if (claim === "aud" && reason !== "missing") {
    return audienceWrong(String(payload.iss), String(payload.aud), callee);
  }
  if (claim === "nbf" && reason === "check_failed") {
    const ahead = Math.round(Number(payload.nbf) - nowSeconds);
    return httpErrors.CALLER_TOKEN_EARLY(
      `The token of "${payload.iss}" is not valid yet: it was made ${ahead} seconds in the future by the clock of ` +
        `"${callee}". The clocks of the two machines are that far apart; set them (NTP).`,
      { caller: String(payload.iss), seconds: ahead },
    );
  }
  return invalid(error.message, error);
}

function audienceWrong(caller: string, meant: string, callee: string): Error {
  return httpErrors.CALLER_AUDIENCE_WRONG(
    `The token of "${caller}" is for ${JSON.stringify(meant)}, and not for "${callee}". A token is of use at one callee ` +
      "only; correct the address of that domain, or sign one for this.",
    { caller, callee },
  );
}

function missing({ api, operation }: Route): Error {
  return httpErrors.CALLER_MISSING(
    `Nobody says who calls ${api}.${operation}: the request has no header Polder-Caller, or several. Domains sign their ` +
      "calls; everybody else comes through the gateway.",
    { api, operation },
  );
}

function invalid(reason: string, cause?: unknown): Error {
  return httpErrors.CALLER_TOKEN_INVALID(
    `The token in Polder-Caller cannot be used: ${reason}. It is a compact JWT that is signed with EdDSA or HS256; let the ` +
      "transport of Polder make it.",
    { reason },
    { cause },
  );
}

function forged(reason: string): Error {
  return httpErrors.CALLER_FORGED(
    `The token in Polder-Caller is not what it says: ${reason}. Where both sides are yours, give them the same public ` +
      "keys; otherwise somebody tries to get in.",
    { reason },
  );
}
