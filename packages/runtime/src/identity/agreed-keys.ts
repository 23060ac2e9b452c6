import { type AgreedKey, agreedKid, agreeOnKey, type KeySet } from "@polder/http";
import type { Secrets } from "@polder/postgres";
import type { JWK } from "jose";
import { privateHalf } from "./key-ring.ts";
import { keysOf, type PublishedKey, publishedKeys } from "./published-key.ts";

/** What the domains of a process have agreed on with others. */
export interface AgreedKeys {
  /** The key for calls that are signed with a key of this process, which is whole; nothing where the callee has none. */
  readonly ofCaller: (
    caller: { readonly kid: string; readonly secret: string },
    callee: string,
  ) => Promise<AgreedKey | undefined>;
  /** The key for calls to a domain of this process; nothing where either of the two keys is not known here. */
  readonly ofCallee: (caller: string, callee: string) => Promise<AgreedKey | undefined>;
}

/** What agreeing needs. */
export interface AgreedKeysOptions {
  readonly keySet: KeySet;
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Keeps the keys that were agreed on for as long as the public keys are as they are: when one is replaced or retired,
 * all are agreed on anew.
 */
export function createAgreedKeys({ keySet, secrets, now }: AgreedKeysOptions): AgreedKeys {
  let kept: Kept | undefined;
  const current = async (): Promise<Kept> => {
    const keys = await keySet.keys();
    if (kept?.keys !== keys) kept = { keys, published: publishedKeys({ keys }), agreed: new Map() };
    return kept;
  };
  const agree = ({ agreed }: Kept, own: Own): Promise<AgreedKey | undefined> => {
    const kid = agreedKid(own.caller, own.callee);
    // A key that is no point of the curve agrees with nobody.
    const found = agreed.get(kid) ?? agreeOnKey(own).catch(() => undefined);
    agreed.set(kid, found);
    return found;
  };
  return {
    ofCaller: async ({ kid, secret }, callee) => {
      const known = await current();
      const other = keysOf(callee, known.published).find(({ signsFrom }) => signsFrom * 1_000 <= now());
      if (other === undefined) return undefined;
      return await agree(known, { secret, other: other.x, caller: kid, callee: other.kid });
    },
    ofCallee: async (caller, callee) => {
      const before = await current();
      const agreed = before.agreed.get(agreedKid(caller, callee));
      if (agreed !== undefined) return await agreed;
      // Looks for newer keys where this one is not known; what it finds is in the set then.
      await Promise.resolve(keySet.getKey({ alg: "EdDSA", kid: caller }, noToken)).catch(() => undefined);
      const known = await current();
      const other = known.published.find(({ kid }) => kid === caller);
      const own = known.published.find(({ kid }) => kid === callee);
      const secret = own === undefined ? undefined : privateHalf(own, secrets);
      if (other === undefined || secret === undefined) return undefined;
      return await agree(known, { secret, other: other.x, caller, callee });
    },
  };
}

const noToken = { payload: "", signature: "" };

type Own = Parameters<typeof agreeOnKey>[0];

interface Kept {
  readonly keys: readonly JWK[];
  readonly published: readonly PublishedKey[];
  /** No more than there are pairs of published keys. */
  readonly agreed: Map<string, Promise<AgreedKey | undefined>>;
}
