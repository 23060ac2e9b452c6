import { createPrivateKey, createPublicKey } from "node:crypto";
import { domainOf } from "@polder/model";
import type { JWK } from "jose";

/** The public half of a domain's key, as it stands in the key set that all processes share (RFC 8037). */
export interface PublishedKey extends JWK {
  /** `<domain>.<number>`, such as `order.1`. */
  readonly kid: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
  /** From when on the domain signs with it, in seconds since the epoch: once all others know it. */
  readonly signsFrom: number;
}

/** The keys of a key set that are those of domains; others may stand beside them, and are none of ours. */
export function publishedKeys({ keys }: { readonly keys: readonly JWK[] }): readonly PublishedKey[] {
  return keys.flatMap((key) => {
    const { kid, kty, crv, x } = key;
    const { signsFrom = 0 } = key as Partial<PublishedKey>;
    if (kty !== "OKP" || crv !== "Ed25519" || typeof kid !== "string" || typeof x !== "string") return [];
    return [{ kid, kty: "OKP", crv: "Ed25519", x, alg: "EdDSA", use: "sig", signsFrom }];
  });
}

/** A name for the next key of a domain: one more than the highest number so far. */
export function nextKid(domain: string, keys: readonly PublishedKey[]): string {
  return `${domain}.${Math.max(0, ...keysOf(domain, keys).map(({ kid }) => numberOf(kid))) + 1}`;
}

/** The keys of a domain, newest first. */
export function keysOf(domain: string, keys: readonly PublishedKey[]): readonly PublishedKey[] {
  return keys.filter(({ kid }) => domainOf(kid) === domain).toSorted((a, b) => numberOf(b.kid) - numberOf(a.kid));
}

/** The name of a key's private half among the secrets: `order_key_1` for `order.1`. */
export function secretNameOf(kid: string): string {
  return `${domainOf(kid).replaceAll("-", "_")}_key_${numberOf(kid)}`;
}

/** A public key is derived from its secret: the 32 bytes in base64url are the private key itself (RFC 8032, section 5.1.5). */
export function publicHalf(secret: string): string | undefined {
  const seed = Buffer.from(secret, "base64url");
  if (seed.length !== 32) return undefined;
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "jwk" }).x;
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 10.3). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

function numberOf(kid: string): number {
  return Number(/\.(\d{1,9})$/.exec(kid)?.[1] ?? 0);
}
