import {
  type AdmitCaller,
  type Authenticate,
  type Authorize,
  admitDeclared,
  createKeySet,
  type SigningKey,
  signCalls,
  verifyCallers,
} from "@polder/http";
import type { Domain, Logger } from "@polder/model";
import type { Secrets } from "@polder/postgres";
import { type CryptoKey, importJWK, type JWK } from "jose";
import { createAgreedKeys } from "./agreed-keys.ts";
import { keyMissing, privateHalf } from "./key-ring.ts";
import type { PublicKeysPlace } from "./public-keys-place.ts";
import { keysOf, publishedKeys } from "./published-key.ts";

/** How the domains of a process prove who they are, and how it finds out who calls them. */
export interface Identity {
  /** Checks the tokens of calls that come over HTTP. */
  readonly authenticate: Authenticate;
  /** Signs the calls that go out over HTTP. */
  readonly authorize: Authorize;
  /** Lets domains call what they have declared, inside the process as well. */
  readonly admit: AdmitCaller;
  /** Makes sure that these can sign; throws `KEY_MISSING` and `KEYS_UNAVAILABLE`. */
  readonly requireKeys: (callers: readonly string[]) => Promise<void>;
}

/** What {@link openIdentity} needs. */
export interface IdentityOptions {
  /** The declarations of all domains of the project, also of those that run elsewhere; asked for at each call. */
  readonly declarations: () => readonly Domain[];
  readonly place: PublicKeysPlace;
  readonly secrets: Secrets;
  readonly logger: Logger;
  /** How far the clocks of two machines may be apart, in seconds. Default 5. */
  readonly clockToleranceSeconds?: number;
  /** Milliseconds since the epoch. Default `Date.now`; how old keys are is then measured by a clock that only goes forward. */
  readonly now?: () => number;
}

/** The key of a caller is chosen again after this long, in milliseconds: its time may have come. */
const CHOICE_MS = 1_000;

/** Opens the identity of a process: it follows the public keys while it runs. */
export function openIdentity(options: IdentityOptions): Identity {
  const { declarations, place, secrets, logger, clockToleranceSeconds, now = Date.now } = options;
  const keySet = createKeySet({
    ...place.source,
    ...(options.now === undefined ? {} : { now: options.now }),
    onFailure: (error) => logger.warn("the public keys could not be loaded; those known are used on", { error }),
  });
  const chosen = new Map<string, Chosen>();
  const agreedKeys = createAgreedKeys({ keySet, secrets, now });
  const signingKey = async (caller: string): Promise<WholeKey> => {
    const keys = await keySet.keys();
    const before = chosen.get(caller);
    if (before?.keys === keys && now() < before.untilMs) return before.key;
    const key = await choose(caller, keys);
    chosen.set(caller, { keys, untilMs: now() + CHOICE_MS, key });
    return key;
  };
  const choose = async (caller: string, keys: readonly JWK[]): Promise<WholeKey> => {
    const own = keysOf(caller, publishedKeys({ keys }));
    for (const published of own) {
      if (published.signsFrom * 1_000 > now()) continue;
      const secret = privateHalf(published, secrets);
      if (secret === undefined) continue;
      const { kid, kty, crv, x } = published;
      return { kid, secret, key: (await importJWK({ kty, crv, x, d: secret }, "EdDSA")) as CryptoKey };
    }
    throw keyMissing(
      caller,
      own.map(({ kid }) => kid),
      place,
    );
  };
  const tolerance = clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds };
  return {
    authenticate: verifyCallers({ keys: keySet, agreedKey: agreedKeys.ofCallee, logger, now, ...tolerance }),
    authorize: signCalls({
      signingKey,
      agreedKey: async (caller, callee) => await agreedKeys.ofCaller(await signingKey(caller), callee),
      now,
    }),
    admit: admitDeclared(declarations),
    requireKeys: async (callers) => {
      for (const caller of callers) await signingKey(caller);
    },
  };
}

type WholeKey = SigningKey & { readonly secret: string };

interface Chosen {
  readonly keys: readonly JWK[];
  readonly untilMs: number;
  readonly key: WholeKey;
}
