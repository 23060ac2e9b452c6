import { createHash } from "node:crypto";
import { PARTS } from "../names.ts";

/** Bytes of a fingerprint: enough to tell keys apart, few enough for a token. */
const FINGERPRINT_BYTES = 6;

/**
 * Stands for a key where the key itself would be too long, or be nobody's business: 8 characters of base64url. Two keys
 * with the same one are taken for one another.
 */
export function keyFingerprint(key: string): string {
  return createHash("sha256").update(key, "utf8").digest().subarray(0, FINGERPRINT_BYTES).toString("base64url");
}

/** The part of a key, from its fingerprint: both begin with the same byte. */
export function partOfFingerprint(fingerprint: string): number {
  return (Buffer.from(fingerprint, "base64url")[0] ?? 0) & (PARTS - 1);
}
