import type { LoggedEvent } from "@polder/bus";
import type { Call, Copied, DeliveredEvent, Domain } from "@polder/model";

/** What a host lends to the read models and replicas of a domain. */
export interface ReadingSeams {
  /** Events as the domain gets them: at the versions that it needs. */
  readonly read: (events: readonly LoggedEvent[]) => Promise<readonly DeliveredEvent[]>;
  /** Runs what handles some events: timed, and in the trace of the first. */
  readonly handle: (copied: Copied, events: readonly LoggedEvent[], run: () => Promise<void>) => Promise<void>;
  /** Clients of the APIs that the domain needs; their calls are given up when the signal aborts. */
  readonly call: (signal: AbortSignal) => Call<Domain>;
}
