import {
  type Delivered,
  type EventSource,
  type GrowthSignal,
  type HandleEvents,
  neededEvents,
  postgresSource,
  runStream,
  type Stream,
  sharedSource,
} from "@polder/bus";
import type { Domain, Logger, Subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import { withFields } from "../logger.ts";
import type { HostObserver } from "../observe/host-observer.ts";

/** A subscription, and who handles its events. */
export interface HandledSubscription {
  readonly subscription: Subscription;
  readonly handle: HandleEvents;
}

/** What the streams of a domain need. */
export interface DomainStreamsOptions {
  readonly domain: Domain;
  /** The events that any of its subscriptions may want. */
  readonly events: readonly string[];
  readonly database: Database;
  /** The database of a domain whose events this one needs, as this one's role. */
  readonly publisherDatabase: (publisher: string) => Database;
  readonly growth: GrowthSignal;
  readonly instance: string;
  readonly leaseMs?: number;
  readonly logger: Logger;
  readonly observer: HostObserver;
}

/** The streams of a domain, and the logs that they read. */
export interface DomainStreams {
  /** The log of a publisher, read once for all subscriptions of the domain that are near its end. */
  readonly source: (publisher: string) => EventSource;
  /**
   * Starts the streams of a subscription: one for each publisher whose events it wants. The transactions of its handlers
   * are those of `database`. Default: the domain's.
   */
  readonly start: (handled: HandledSubscription & { readonly database?: Database }) => readonly Stream[];
}

/** Opens the logs that a domain reads. */
export function openDomainStreams(options: DomainStreamsOptions): DomainStreams {
  const { domain, publisherDatabase, growth, instance, leaseMs, observer } = options;
  const wanted = new Set(options.events);
  const sources = new Map(
    [...neededEvents(domain)].map(([publisher, published]): [string, EventSource] => {
      const events = published.filter((event) => wanted.has(event));
      const source = postgresSource({ publisher, database: publisherDatabase(publisher), growth });
      return [publisher, sharedSource({ source, events })];
    }),
  );
  const source = (publisher: string): EventSource => {
    const found = sources.get(publisher);
    if (found === undefined) throw new Error(`"${domain.name}" needs no event of "${publisher}"`);
    return found;
  };
  return {
    source,
    start: ({ subscription, handle, database = options.database }) => {
      const publishers = [...sources.keys()].filter((publisher) =>
        subscription.events.some((event) => event.startsWith(`${publisher}.`)),
      );
      const logger = withFields(options.logger, { subscription: subscription.name });
      const lease = leaseMs === undefined ? {} : { leaseMs };
      return publishers.map((publisher) => {
        const labels = { domain: domain.name, subscription: subscription.name, publisher };
        const onDelivered = (delivered: Delivered): void => observer.metrics?.delivered(labels, delivered);
        const given = { subscription, source: source(publisher), database, instance, handle, logger };
        return runStream({ ...given, onDelivered, ...lease });
      });
    },
  };
}
