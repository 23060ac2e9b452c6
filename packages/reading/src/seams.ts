import type { LoggedEvent } from "@polder/bus";
import type { Call, Copied, DeliveredEvent, Domain } from "@polder/model";

/** What a host lends to the read models and replicas of a domain. */
export interface ReadingSeams {
  /** An event as the domain gets it: at the version that it needs. It rejects where it cannot be had so, and never throws. */
  readonly read: (event: LoggedEvent) => DeliveredEvent | Promise<DeliveredEvent>;
  /** Runs what handles some events: timed, and in the trace of the first. */
  readonly handle: (copied: Copied, events: readonly LoggedEvent[], run: () => Promise<void>) => Promise<void>;
  /** Clients of the APIs that the domain needs; their calls are given up when the signal aborts. */
  readonly call: (signal: AbortSignal) => Call<Domain>;
}
