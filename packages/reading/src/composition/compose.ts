import type { Call, Composition, Domain, Logger } from "@polder/model";

/** What a composition is answered with. */
export interface ComposeOptions {
  /** What the caller handed in, as the newest version says it. */
  readonly input: unknown;
  /** Clients of the APIs that the domain needs. */
  readonly call: Call<Domain>;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Answers a composition: gives the output of its query, or a refusal. */
export async function compose(_composition: Composition, _options: ComposeOptions): Promise<unknown> {
  throw new Error("to be written");
}
