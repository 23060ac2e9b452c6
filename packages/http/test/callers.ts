import { randomUUID } from "node:crypto";
import { type Domain, domain, need, team } from "@polder/model";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { createKeySet, type KeySet, type OutgoingRequest, signCalls } from "../src/index.ts";
import { Inventory } from "./inventory.ts";

const owner = team("Tests", { contact: "#tests" });

/** Declared to need the inventory. */
const order = domain("order", { owner, capability: "Take orders", needs: [need(Inventory, "1.0.0")] });
/** Needs nothing. */
const customer = domain("customer", { owner, capability: "Know customers" });
/** Needs an older major version of the inventory. */
const museum = domain("museum", { owner, capability: "Keep what is old", needs: [need(Inventory, "0.9.0")] });

/** The declarations of all domains that call in tests. */
export const declarations: readonly Domain[] = [order, customer, museum];

/** Keys of callers, as a test makes them. */
export interface Callers {
  readonly publicKeys: JWK[];
  readonly keySet: KeySet;
  /** Makes a further key, and lets its owner sign with it. */
  readonly addKey: (kid: string, options?: { readonly isPublished?: boolean }) => Promise<void>;
  /** Signs as a domain would, by a clock that is this many seconds off. */
  readonly authorize: (request: OutgoingRequest, secondsOff?: number) => Promise<Readonly<Record<string, string>>>;
  /** A token with any claims and header, signed with a domain's key. */
  readonly token: (caller: string, claims: object, header?: object) => Promise<string>;
}

/** Makes a key for each of these callers. */
export async function callersWithKeys(...callers: readonly string[]): Promise<Callers> {
  const publicKeys: JWK[] = [];
  const keys = new Map<string, { readonly kid: string; readonly key: CryptoKey }>();
  const addKey: Callers["addKey"] = async (kid, { isPublished = true } = {}) => {
    const pair = await generateKeyPair("EdDSA", { extractable: true });
    if (isPublished) publicKeys.push({ ...(await exportJWK(pair.publicKey)), kid, alg: "EdDSA", use: "sig" });
    keys.set(kid.split(".", 1)[0] ?? "", { kid, key: pair.privateKey });
  };
  for (const caller of callers) await addKey(`${caller}.1`);
  const keyOf = (caller: string) => {
    const found = keys.get(caller);
    if (found === undefined) throw new Error(`no key of ${caller}`);
    return found;
  };
  return {
    publicKeys,
    keySet: createKeySet({ load: async () => ({ keys: [...publicKeys] }), refreshMs: 60_000, cooldownMs: 0 }),
    addKey,
    authorize: (request, secondsOff = 0) =>
      signCalls({ signingKey: async (caller) => keyOf(caller), now: () => Date.now() + secondsOff * 1_000 })(request),
    token: async (caller, claims, header = {}) => {
      const { kid, key } = keyOf(caller);
      return await new SignJWT({ jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: "EdDSA", kid, typ: "polder-caller+jwt", ...header })
        .sign(key);
    },
  };
}
