import type { GrowthSignal, LoggedEvent, Stream } from "@polder/bus";
import type { Implementation, Subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { CopyLook, KeptCopies } from "@polder/reading";
import { withFields } from "../logger.ts";
import { createDeliver, type DeliverParts } from "./deliver.ts";
import { warnOfDeprecatedEvents } from "./deprecated-needs.ts";
import { startDomainCopies } from "./domain-copies.ts";
import type { DomainSagas } from "./domain-sagas.ts";
import { type DomainStreams, type HandledSubscription, openDomainStreams } from "./domain-streams.ts";
import type { Retention } from "./retention.ts";

/** What the deliveries of a domain need. */
export interface DomainDeliveriesParts extends DeliverParts {
  readonly implementation: Implementation;
  readonly database: Database;
  /** The database of a domain whose events this one needs, as this one's role. */
  readonly publisherDatabase: (publisher: string) => Database;
  readonly growth: GrowthSignal;
  readonly instance: string;
  readonly sagas: DomainSagas;
  /** Told when other subscriptions run here than before. */
  readonly onSubscriptions: () => Promise<void>;
  /** Told of the events that a subscription has handled, when that is committed. */
  readonly onHandled: (subscription: Subscription, events: readonly LoggedEvent[]) => void;
  readonly leaseMs?: number;
  readonly retention?: Pick<Retention, "buildsDays">;
}

/** The events that come to a domain in this process: to its subscriptions, sagas, read models and replicas. */
export interface DomainDeliveries {
  /** The events that any of them wants. */
  readonly events: readonly string[];
  /** The names of the subscriptions that run here, or will. */
  readonly subscriptions: () => readonly string[];
  /** How the read models and replicas stand, as of the last look. */
  readonly copies: () => readonly CopyLook[];
  /** Starts them, and the work on sagas; does nothing once they were stopped. */
  readonly start: () => void;
  /** Ends them after the batch and the steps of sagas under way; they are given up when `signal` aborts. */
  readonly stop: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** Opens the deliveries of a domain; nothing runs before `start`. */
export function openDomainDeliveries(parts: DomainDeliveriesParts): DomainDeliveries {
  const { domain, implementation, sagas, logger } = parts;
  const subscribed = [...implementation.subscriptions, ...sagas.subscriptions.map(({ subscription }) => subscription)];
  const wanting = [...subscribed, ...implementation.readModels, ...implementation.replicas];
  const events = wanting.flatMap((one) => one.events);
  const opened = openDomainStreams({ ...parts, events });
  const streams: DomainStreams = {
    source: opened.source,
    start: (handled) => opened.start({ ...handled, handle: tellingHandled(handled, parts.onHandled) }),
  };
  const running: Pick<Stream, "stop">[] = [sagas];
  let isStarted = false;
  let copies: KeptCopies | undefined;
  let stopping: Promise<void> | undefined;
  return {
    events,
    subscriptions: () => [...subscribed.map(({ name }) => name), ...(copies?.subscriptions() ?? [])],
    copies: () => copies?.looks() ?? [],
    start: () => {
      if (stopping !== undefined || isStarted) return;
      isStarted = true;
      warnOfDeprecatedEvents(domain, logger);
      running.push(...[...handledSubscriptions(parts), ...sagas.subscriptions].flatMap(streams.start));
      copies = startDomainCopies({ ...parts, streams });
      running.push(copies);
      sagas.start();
    },
    stop: (options) => {
      stopping ??= Promise.all(running.map((one) => one.stop(options))).then(() => undefined);
      return stopping;
    },
  };
}

function handledSubscriptions(parts: DomainDeliveriesParts): readonly HandledSubscription[] {
  return parts.implementation.subscriptions.map((subscription) => {
    const logger = withFields(parts.logger, { subscription: subscription.name });
    return { subscription, handle: createDeliver({ ...parts, logger }, subscription) };
  });
}

function tellingHandled(
  { subscription, handle }: HandledSubscription,
  onHandled: DomainDeliveriesParts["onHandled"],
): HandledSubscription["handle"] {
  return async (events, transaction, signal) => {
    const done = await handle(events, transaction, signal);
    const committed = (): void => {
      onHandled(subscription, events);
      done.committed?.();
    };
    return { ...done, committed };
  };
}
