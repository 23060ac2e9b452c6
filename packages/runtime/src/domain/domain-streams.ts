import {
  type Delivered,
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

/** Starts the streams of a domain's subscriptions: one for each publisher whose events a subscription wants. */
export function startDomainStreams(options: {
  readonly handled: readonly HandledSubscription[];
  readonly domain: Domain;
  readonly database: Database;
  /** The database of a domain whose events this one needs, as this one's role. */
  readonly publisherDatabase: (publisher: string) => Database;
  readonly growth: GrowthSignal;
  readonly instance: string;
  readonly leaseMs?: number;
  readonly logger: Logger;
  readonly observer: HostObserver;
}): readonly Stream[] {
  const { handled, domain, database, publisherDatabase, growth, instance, leaseMs, observer } = options;
  const wanted = new Set(handled.flatMap(({ subscription }) => subscription.events));
  return [...neededEvents(domain)].flatMap(([publisher, published]) => {
    const events = published.filter((event) => wanted.has(event));
    if (events.length === 0) return [];
    const source = sharedSource({
      source: postgresSource({ publisher, database: publisherDatabase(publisher), growth }),
      events,
    });
    const interested = handled.filter(({ subscription }) =>
      subscription.events.some((event) => events.includes(event)),
    );
    return interested.map(({ subscription, handle }) => {
      const logger = withFields(options.logger, { subscription: subscription.name });
      const lease = leaseMs === undefined ? {} : { leaseMs };
      const labels = { domain: domain.name, subscription: subscription.name, publisher };
      const onDelivered = (delivered: Delivered): void => observer.metrics?.delivered(labels, delivered);
      return runStream({ subscription, source, database, instance, handle, logger, onDelivered, ...lease });
    });
  });
}
