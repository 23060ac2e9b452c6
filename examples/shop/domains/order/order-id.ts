import { createHash } from "node:crypto";

/**
 * The id of the order that an idempotency key stands for: a UUID of version 8 (RFC 9562) made from
 * the key. A command that is run again with its key is about the same order, and so are the calls it makes.
 */
export function orderIdOf(key: string): string {
  const hex = createHash("sha256").update(key).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
