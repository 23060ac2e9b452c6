import type { Logger, User } from "@polder/model";
import { type JWTPayload, errors as jose, jwtVerify } from "jose";
import { httpErrors } from "../errors.ts";
import { createKeySet, type KeySet } from "../identity/key-set.ts";
import { fetchJson, keySetOf, keysUnavailable } from "../identity/load-keys.ts";

/** Who issues the tokens of users. */
export interface IssuerOptions {
  /** The issuer's URL, exactly as its tokens say it in `iss`; its discovery document stands below it (OpenID Connect Discovery 1.0). */
  readonly issuer: string;
  /** What tokens must say in `aud`: the name of this gateway at the issuer. */
  readonly audience: string;
  /** The claims that list permissions, as texts with blanks or as lists; a path with points reaches into objects. Default `scope` and `permissions`. */
  readonly permissionClaims?: readonly string[];
  /** How far the clocks of issuer and gateway may be apart, in seconds. Default 5. */
  readonly clockToleranceSeconds?: number;
}

/** A user whose token was checked, with what it permits. */
export interface ProvenUser {
  readonly user: User;
  readonly permissions: ReadonlySet<string>;
}

/**
 * Checks the token of a user.
 *
 * @throws `USER_TOKEN_INVALID`, `USER_TOKEN_EXPIRED`, and `KEYS_UNAVAILABLE` while the issuer's keys were never had.
 */
export type CheckUserToken = (token: string) => Promise<ProvenUser>;

/** Characters of a token at most. */
const TOKEN_LENGTH_MAX = 16_384;

/** Only those with which a public key checks: a shared secret could be made up from what is public. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** Makes the check of users' tokens against the keys of one issuer. */
export function checkUserTokens(
  { issuer, audience, permissionClaims = ["scope", "permissions"], clockToleranceSeconds = 5 }: IssuerOptions,
  { keys, now = Date.now }: { readonly keys: KeySet; readonly now?: () => number },
): CheckUserToken {
  return async (token) => {
    if (token.length > TOKEN_LENGTH_MAX) throw invalid(`it has more than ${TOKEN_LENGTH_MAX} characters`);
    try {
      const { payload } = await jwtVerify(token, keys.getKey, {
        algorithms,
        issuer,
        audience,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now()),
        requiredClaims: ["sub", "exp"],
      });
      const permissions = new Set(permissionClaims.flatMap((claim) => listed(claimOf(payload, claim))));
      return { user: { subject: String(payload.sub), issuer }, permissions };
    } catch (error) {
      throw explained(error);
    }
  };
}

/** The keys of an issuer are looked at this often, in milliseconds; those that tokens name and nobody knows at once. */
const REFRESH_MS = 600_000;
/** Least time between two looks, in milliseconds. */
const COOLDOWN_MS = 2_000;

/** The keys of an issuer, found by its discovery document; those known stay in use while it cannot be reached. */
export function issuerKeys(
  issuer: string,
  { logger, now }: { readonly logger: Logger; readonly now?: () => number },
): KeySet {
  const discovery = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return createKeySet({
    load: async () => {
      const found = (await fetchJson(discovery)) as { readonly issuer?: unknown; readonly jwks_uri?: unknown } | null;
      if (found?.issuer !== issuer)
        throw keysUnavailable(
          discovery,
          `it says that the issuer is ${JSON.stringify(found?.issuer)}, not "${issuer}"`,
        );
      if (typeof found.jwks_uri !== "string") throw keysUnavailable(discovery, "it names no jwks_uri");
      return keySetOf(await fetchJson(found.jwks_uri), found.jwks_uri);
    },
    refreshMs: REFRESH_MS,
    cooldownMs: COOLDOWN_MS,
    onFailure: (error) => logger.warn("the keys of the issuer could not be loaded; those known are used on", { error }),
    ...(now === undefined ? {} : { now }),
  });
}

/** A claim by its name, or by a path such as `realm_access.roles`; names may have points as well. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split(".").reduce<unknown>((at, part) => {
    return typeof at === "object" && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
  }, payload);
}

function listed(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ").filter((part) => part !== "");
  return Array.isArray(claim) ? claim.filter((part) => typeof part === "string") : [];
}

function explained(error: unknown): unknown {
  if (error instanceof jose.JWTExpired) {
    return httpErrors.USER_TOKEN_EXPIRED(
      `The token ran out at ${new Date(Number(error.payload.exp) * 1_000).toISOString()}. Get a new one from the issuer.`,
      {},
    );
  }
  if (error instanceof jose.JWKSNoMatchingKey) return invalid("the issuer has no such key", error);
  return error instanceof jose.JOSEError ? invalid(error.message, error) : error;
}

/** The error of a token that is not taken; it says why, and nothing of what is in it. */
export function invalid(reason: string, cause?: unknown): Error {
  return httpErrors.USER_TOKEN_INVALID(
    `The token in Authorization cannot be used: ${reason}. Send "Authorization: Bearer …" with an access token that the ` +
      "issuer of this gateway made for it.",
    { reason },
    { cause },
  );
}
