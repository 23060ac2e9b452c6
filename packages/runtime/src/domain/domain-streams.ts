import {
  type Delivered,
  type GrowthSignal,
  type HandleEvents,
  neededEvents,
  postgresSource,
  runStream,
  type Stream,
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
  return handled.flatMap(({ subscription, handle }) => {
    const logger = withFields(options.logger, { subscription: subscription.name });
    return publishersOf(domain, subscription.events).map((publisher) => {
      const source = postgresSource({ publisher, database: publisherDatabase(publisher), growth });
      const lease = leaseMs === undefined ? {} : { leaseMs };
      const labels = { domain: domain.name, subscription: subscription.name, publisher };
      const onDelivered = (delivered: Delivered): void => observer.metrics?.delivered(labels, delivered);
      return runStream({ subscription, source, database, instance, handle, logger, onDelivered, ...lease });
    });
  });
}

function publishersOf(domain: Domain, events: readonly string[]): readonly string[] {
  return [...neededEvents(domain)]
    .filter(([, published]) => published.some((event) => events.includes(event)))
    .map(([publisher]) => publisher);
}
