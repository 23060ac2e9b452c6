import { SpanKind } from "@opentelemetry/api";
import type { HandleEvents, LoggedEvent } from "@polder/bus";
import {
  type BatchContext,
  type DeliveredEvent,
  type DeliveryContext,
  type Domain,
  declaredNeed,
  domainOf,
  type Logger,
  type OutsideContext,
  type Subscription,
} from "@polder/model";
import { type HostObserver, timedHandler } from "../observe/host-observer.ts";
import { inSpan, pastSpan, publisherContext, publisherLinks } from "../tracing.ts";
import { doing } from "../work-at-hand.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import { eventAtVersion, unreadableVersion } from "./event-at-version.ts";
import { commonUser, userOf } from "./event-user.ts";
import { type HandlerTransactionParts, handlerTransaction } from "./handler-transaction.ts";

/** What delivering to the subscriptions of a domain needs. */
export interface DeliverParts {
  readonly domain: Domain;
  readonly findTransport: FindTransport;
  /** What its transactions need to know. */
  readonly transaction: HandlerTransactionParts;
  readonly logger: Logger;
  readonly observer: HostObserver;
}

/** How long a handler may take for which nothing is said, in milliseconds: what the bus gives it. */
const HANDLER_TIMEOUT_MS = 30_000;

/** Makes the one who runs the handlers of a subscription. */
export function createDeliver(parts: DeliverParts, subscription: Subscription): HandleEvents {
  const { domain, logger, observer } = parts;
  return async (logged, transaction, signal) => {
    const events = await Promise.all(logged.map((event) => delivered(domain, event)));
    const [first] = events;
    if (first === undefined) return { last: [] };
    const handle = subscription.handlers[first.name] as ((context: unknown) => Promise<void>) | undefined;
    if (handle === undefined) return { last: [] };
    if (transaction === undefined) {
      await traced(subscription, logged, observer, () => handle(outsideContext(parts, subscription, first, signal)));
      return { last: [] };
    }
    const { tx, last, committed } = handlerTransaction(parts.transaction, transaction, commonUser(events));
    const shared = { tx, signal, log: logger };
    const context: DeliveryContext<Domain, DeliveredEvent> | BatchContext<Domain, DeliveredEvent> =
      subscription.mode === "batch" ? { ...shared, events } : { ...shared, event: first };
    await traced(subscription, logged, observer, () => handle(context));
    return { last: await last(), committed };
  };
}

function outsideContext(
  { domain, findTransport, logger, observer }: DeliverParts,
  subscription: Subscription,
  event: DeliveredEvent,
  signal: AbortSignal,
): OutsideContext<Domain, DeliveredEvent> {
  const endsAt = performance.now() + (subscription.options.timeoutMs ?? HANDLER_TIMEOUT_MS);
  const remainingMs = (): number => Math.max(0, endsAt - performance.now());
  return {
    event,
    key: `${subscription.domain}.${subscription.name}:${event.id}`,
    call: callsOf({
      domain,
      findTransport,
      isInTransaction: () => false,
      remainingMs,
      user: event.user,
      signal,
      logger,
      onMade: observer.metrics?.made,
    }),
    signal,
    log: logger,
  };
}

/**
 * The delivery belongs to the trace of what published the event, so that one trace tells the story of an order through
 * all domains. A batch belongs to that of its first event, and is linked to the others.
 */
async function traced(
  subscription: Subscription,
  events: readonly LoggedEvent[],
  { handled }: HostObserver,
  run: () => Promise<void>,
): Promise<void> {
  const [first, ...others] = events;
  if (first === undefined) return;
  const parent = publisherContext(first.headers);
  const attributes = {
    "polder.event": first.type,
    "polder.event_id": first.id,
    "polder.key": first.key,
    "polder.seq": String(first.seq),
  };
  // One that was parked has been through the relay long ago: then both times are the same.
  if (first.headers !== null && first.relayedAt > first.at)
    pastSpan(
      `relay ${first.type}`,
      { "polder.domain": domainOf(first.type), ...attributes },
      { parent, from: first.at, to: first.relayedAt },
    );
  const name = `${subscription.domain}.${subscription.name}`;
  const work = { domain: subscription.domain, handler: name };
  await inSpan(
    `deliver ${first.type} to ${name}`,
    {
      "polder.domain": subscription.domain,
      ...attributes,
      "polder.subscription": name,
      "polder.events": events.length,
    },
    () =>
      inSpan(`handle ${name}`, { "polder.domain": subscription.domain }, () =>
        doing(work, () => timedHandler(handled, work, run)),
      ),
    { kind: SpanKind.CONSUMER, parent, links: others.flatMap(({ headers }) => publisherLinks(headers)) },
  );
}

/** The event at the version that the domain needs, as a tolerant reader sees it. */
export async function delivered(domain: Domain, event: LoggedEvent): Promise<DeliveredEvent> {
  const need = declaredNeed(domain, event.type);
  const reader = `"${domain.name}"`;
  if (need?.contract.kind !== "event") throw unreadableVersion(event, { reader, needed: "no version" });
  const stored = { ...event, data: JSON.parse(event.data) as unknown };
  const { version, data } = await eventAtVersion(need.contract, stored, { reader, needed: need.version });
  return {
    id: event.id,
    name: event.type,
    version,
    key: event.key,
    data,
    at: event.at,
    seq: event.seq,
    ...userOf(event.headers),
  };
}
