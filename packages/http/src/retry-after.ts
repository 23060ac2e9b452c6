/** Longest time that is believed, in milliseconds: a day. */
const RETRY_AFTER_MS_MAX = 86_400_000;

/** A time that somebody asks to be left alone, in milliseconds, as far as it is believed: from 0 up to a day. */
export function believedRetryAfterMs(ms: number): number {
  return Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date. Gives milliseconds from now, or nothing
 * for a text that is neither.
 */
export function readRetryAfter(text: string | null, nowMs: number = Date.now()): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : believedRetryAfterMs(ms);
}

/** Milliseconds as the header says them: whole seconds, one at least. */
export function writeRetryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}
