import type { Call, Composition, Domain, Logger, Missing } from "@polder/model";
import { askByCalls } from "./ask-by-calls.ts";
import { stitch } from "./stitch.ts";

/** What a composition is answered with. */
export interface ComposeOptions {
  /** What the caller handed in, as the newest version says it. */
  readonly input: unknown;
  /** Clients of the APIs that the domain needs. */
  readonly call: Call<Domain>;
  /** Milliseconds that the calls may take together: a little less than the caller waits, so that there is time to answer. */
  readonly deadlineMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Told of each part that is missing, or that a fallback stands in for. Default: nobody is. */
  readonly onMissing?: ((missing: Missing) => void) | undefined;
}

/**
 * Answers a composition: gives the output of its query, or a refusal. When it ends, no call of it goes on.
 *
 * @throws the failure of a required part as its call has thrown it, `COMPOSITION_TOO_WIDE`, `COMPOSITION_CIRCULAR`, what
 * the functions of the composition throw, and the signal's reason.
 */
export async function compose(composition: Composition, options: ComposeOptions): Promise<unknown> {
  const { signal, log, onMissing } = options;
  const name = `${composition.api}.${composition.operation}`;
  const ended = new AbortController();
  try {
    const stitched = await stitch(composition, askByCalls({ ...options, signals: [signal, ended.signal] }));
    signal.throwIfAborted();
    if (stitched.kind === "refused") return stitched;
    for (const { missing, error } of stitched.missing) {
      const how = missing.substituted === true ? "substituted" : "missing";
      log.debug(`"${missing.source}" is ${how} in the answer of ${name}`, { ...missing, error });
      onMissing?.(missing);
    }
    return stitched.output;
  } finally {
    // A reason of its own costs less than the one that would be made for it.
    ended.abort(over);
  }
}

const over = "the composition has ended";
