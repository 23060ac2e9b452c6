/** Causes that a description follows at most. */
const CAUSES_MAX = 5;

/** An error as one text for the log: its stack and those of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  while (current !== undefined && parts.length < CAUSES_MAX) {
    parts.push(current instanceof Error ? (current.stack ?? String(current)) : safeText(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join("\ncaused by ");
}

function safeText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, or with a `toString` of its own that throws.
    return "a value that cannot be written";
  }
}
