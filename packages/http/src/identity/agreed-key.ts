import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import type { CryptoKey } from "jose";

/** A key that a caller and a callee share, and the name by which the callee finds it. */
export interface AgreedKey {
  /** The names of both keys that it came from: `order.1+inventory.2`. */
  readonly kid: string;
  readonly key: CryptoKey;
}

/** The two keys of two domains, of which one is whole. */
export interface KeyPair {
  /** The private half of the own key: the seed of an Ed25519 key, 32 bytes in base64url. */
  readonly secret: string;
  /** The public half of the other's key: the `x` of an Ed25519 key, in base64url. */
  readonly other: string;
  /** Names of the keys; both sides give them in this order. */
  readonly caller: string;
  readonly callee: string;
}

/**
 * The key that two domains share without ever having sent it: a Diffie-Hellman exchange of the keys that they have
 * anyway (X25519, RFC 7748, with Ed25519 keys taken to the same curve), stretched by HKDF (RFC 5869) with the names of
 * both. Whoever knows it is one of the two, so what it signs proves the caller to the callee and to nobody else.
 *
 * @throws where the other's key is no point that can be used.
 */
export async function agreeOnKey({ secret, other, caller, callee }: KeyPair): Promise<AgreedKey> {
  const seed = Buffer.from(secret, "base64url");
  const point = ed25519.utils.toMontgomery(Buffer.from(other, "base64url"));
  const shared = diffieHellman({
    privateKey: createPrivateKey({
      key: Buffer.concat([pkcs8, ed25519.utils.toMontgomerySecret(seed)]),
      format: "der",
      type: "pkcs8",
    }),
    publicKey: createPublicKey({
      key: { kty: "OKP", crv: "X25519", x: Buffer.from(point).toString("base64url") },
      format: "jwk",
    }),
  });
  const kid = agreedKid(caller, callee);
  const bytes = hkdfSync("sha256", shared, "", `polder-caller ${kid}`, 32);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return { kid, key: await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]) };
}

/** The name of the key that two keys agree on. */
export function agreedKid(caller: string, callee: string): string {
  return `${caller}+${callee}`;
}

/** The names of the two keys that an agreed key came from. */
export function agreedFrom(kid: string): { readonly caller: string; readonly callee: string } {
  const [caller = "", callee = ""] = kid.split("+");
  return { caller, callee };
}

/** What stands before the 32 bytes of an X25519 key in PKCS #8 (RFC 8410, section 7). */
const pkcs8 = Buffer.from("302e020100300506032b656e04220420", "hex");
