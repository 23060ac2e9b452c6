import type { JSONWebKeySet } from "jose";
import { httpErrors } from "../errors.ts";

/** How long another machine may take to answer with its keys, in milliseconds. */
const FETCH_TIMEOUT_MS = 3_000;

/** Characters of a document of keys at most. */
const DOCUMENT_LENGTH_MAX = 1_048_576;

/**
 * Loads a JSON document from another machine.
 *
 * @throws `KEYS_UNAVAILABLE` when it does not answer in 3 seconds, or with something else.
 */
export async function fetchJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    const text = await response.text();
    if (text.length > DOCUMENT_LENGTH_MAX) throw new Error(`it answered with ${text.length} characters`);
    return JSON.parse(text);
  } catch (cause) {
    throw keysUnavailable(url, reasonOf(cause), cause);
  }
}

/**
 * Reads a key set (RFC 7517) out of a document.
 *
 * @throws `KEYS_UNAVAILABLE` where it is none.
 */
export function keySetOf(document: unknown, source: string): JSONWebKeySet {
  const { keys } = (document ?? {}) as { readonly keys?: unknown };
  const isKey = (key: unknown): boolean => typeof key === "object" && key !== null && "kty" in key;
  if (Array.isArray(keys) && keys.every(isKey)) return { keys };
  throw keysUnavailable(source, 'it is no key set, an object such as { "keys": [ … ] }');
}

/** The error of keys that could not be had; it names where they were looked for. */
export function keysUnavailable(source: string, reason: string, cause?: unknown): Error {
  return httpErrors.KEYS_UNAVAILABLE(
    `The public keys at ${source} cannot be had: ${reason}. Without them nobody can prove who they are; ` +
      "make that address answer, or correct it in the configuration.",
    { source },
    { cause },
  );
}

/** What `fetch` itself says is only that it failed; the reason is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
