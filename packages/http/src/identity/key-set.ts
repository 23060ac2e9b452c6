import { isDeepStrictEqual } from "node:util";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from "jose";

/** Public keys that change while the process runs. */
export interface KeySet {
  /** Finds the key of a token, and looks for newer keys where it is none of those known; for `jwtVerify`. */
  readonly getKey: JWTVerifyGetKey;
  /** The keys as they are known now. */
  readonly keys: () => Promise<readonly JWK[]>;
}

/** Where keys come from, and how often they are looked at. */
export interface KeySetOptions {
  /** Loads all keys; what it throws is thrown where no key is known yet. */
  readonly load: () => Promise<JSONWebKeySet>;
  /** Keys are loaded again after this long, in milliseconds. */
  readonly refreshMs: number;
  /** Least time between two loads, in milliseconds, however many tokens name keys that nobody knows. */
  readonly cooldownMs: number;
  /** Told when keys could not be loaded again; those known are used on. */
  readonly onFailure?: (error: unknown) => void;
  /** Milliseconds of a clock that only goes forward. Default `performance.now`. */
  readonly now?: () => number;
}

/**
 * Keeps a set of public keys up to date without a timer: it loads them at the first use, again when they are old, and
 * at once when a token names an unknown key. Whoever comes while they are a little old does not wait; keys that cannot
 * be loaded again stay in use.
 */
export function createKeySet(options: KeySetOptions): KeySet {
  const { load, refreshMs, cooldownMs, onFailure = () => undefined, now = () => performance.now() } = options;
  let known: { readonly jwks: JSONWebKeySet; readonly find: ReturnType<typeof createLocalJWKSet> } | undefined;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let loading: Promise<void> | undefined;

  const loadAgain = async (): Promise<void> => {
    triedAtMs = now();
    try {
      const jwks = await load();
      // The same keys stay the same objects, for which the library remembers what it imported.
      if (known === undefined || !isDeepStrictEqual(known.jwks, jwks)) known = { jwks, find: createLocalJWKSet(jwks) };
      loadedAtMs = now();
      failure = undefined;
    } catch (error) {
      failure = error;
      onFailure(error);
    }
  };
  const refresh = (): Promise<void> => {
    loading ??= loadAgain().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  const current = async (): Promise<NonNullable<typeof known>> => {
    const ageMs = now() - loadedAtMs;
    const isOld = known === undefined || ageMs > refreshMs;
    if (isOld && now() - triedAtMs >= cooldownMs) void refresh();
    // When nobody has come for long, these may be keys that are no longer used at all.
    const mustWait = known === undefined || (ageMs > 2 * refreshMs && failure === undefined);
    if (mustWait) await loading;
    if (known === undefined) throw failure;
    return known;
  };
  return {
    keys: async () => (await current()).jwks.keys,
    getKey: async (header, token) => {
      const found = await current();
      try {
        return await found.find(header, token);
      } catch (error) {
        const isRecent = loading === undefined && now() - triedAtMs < cooldownMs;
        if (!(error instanceof errors.JWKSNoMatchingKey) || isRecent) throw error;
        await refresh();
        return await (await current()).find(header, token);
      }
    },
  };
}
