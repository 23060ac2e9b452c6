import type { LoggedEvent } from "@polder/bus";
import type { ServedCall } from "@polder/http";
import { type Domain, declaredNeed, type Logger } from "@polder/model";
import type { Database } from "@polder/postgres";
import { forgetOldUses, RUNNING, recordUse, startUseRecorder, type UsedContract } from "@polder/registry";
import { outcomeOf } from "./outcome.ts";

/** Who uses the contracts of a domain, and which events it uses itself. */
export interface DomainUses {
  /** A call of the domain was answered. */
  readonly served: (call: ServedCall) => void;
  /** Events of other domains were handled. */
  readonly handled: (events: readonly LoggedEvent[]) => void;
  /** Writes down what is left; when the signal aborts, it is given up. */
  readonly stop: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** What {@link startDomainUses} needs. */
export interface DomainUsesOptions {
  readonly domain: Domain;
  /** As the domain's own role. */
  readonly database: Database;
  /** The events that its subscriptions handle. */
  readonly events: readonly string[];
  /** Default "development". */
  readonly environment?: string;
  readonly logger: Logger;
}

/** How often it is looked for uses that are too old to be kept, in milliseconds: an hour. */
const FORGET_MS = 3_600_000;

/** Starts to count the uses of a domain's contracts. They are written into its own database, every few seconds. */
export function startDomainUses(options: DomainUsesOptions): DomainUses {
  const { domain, database, environment = "development", logger } = options;
  const events = new Set(options.events);
  const useOf = (event: string, calls: number): UsedContract => {
    const version = declaredNeed(domain, event)?.version ?? "";
    return { contract: event, version, consumer: domain.name, calls };
  };
  let forgetAtMs = 0;
  const recorder = startUseRecorder({
    record: async (uses) => {
      await recordUse(database, uses);
      if (performance.now() < forgetAtMs) return;
      forgetAtMs = performance.now() + FORGET_MS;
      await forgetOldUses(database).catch((error: unknown) => logger.debug("old uses were not forgotten", { error }));
    },
    environment,
    logger,
    // A domain that nobody calls runs all the same: without that, silence would be no proof.
    standing: () => [
      { contract: RUNNING, version: "", consumer: domain.name, calls: 0 },
      ...[...events].map((event) => useOf(event, 0)),
    ],
  });
  return {
    served: ({ api, version, caller, answer }) => {
      // Who was turned away does not use it.
      if (caller === undefined && outcomeOf(answer).outcome === "rejected") return;
      recorder.used({ contract: api, version, consumer: caller ?? "unknown", calls: 1 });
    },
    handled: (handled) => {
      for (const [type, alike] of Map.groupBy(handled, (event) => event.type)) recorder.used(useOf(type, alike.length));
    },
    stop: recorder.stop,
  };
}
