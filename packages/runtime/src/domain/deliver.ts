import { SpanKind } from "@opentelemetry/api";
import type { HandleEvents, LoggedEvent } from "@polder/bus";
import {
  type BatchContext,
  type DeliveredEvent,
  type DeliveryContext,
  type Domain,
  domainOf,
  type Logger,
  type OutsideContext,
  type Subscription,
} from "@polder/model";
import { type HostObserver, timedHandler } from "../observe/host-observer.ts";
import { inSpan, pastSpan, publisherContext, publisherLinks } from "../tracing.ts";
import { doing, type WorkAtHand } from "../work-at-hand.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import { commonUser } from "./event-user.ts";
import { type HandlerTransactionParts, handlerTransaction } from "./handler-transaction.ts";
import { eventsReader } from "./read-events.ts";

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
  const read = eventsReader(domain);
  const work = { domain: subscription.domain, handler: `${subscription.domain}.${subscription.name}` };
  return async (logged, transaction, signal) => {
    const events = await read(logged);
    const [first] = events;
    if (first === undefined) return { last: [] };
    const handle = subscription.handlers[first.name] as ((context: unknown) => Promise<void>) | undefined;
    if (handle === undefined) return { last: [] };
    if (transaction === undefined) {
      await inDeliverySpan(work, logged, observer, () => handle(outsideContext(parts, subscription, first, signal)));
      return { last: [] };
    }
    const { tx, last, committed } = handlerTransaction(parts.transaction, transaction, commonUser(events));
    const shared = { tx, signal, log: logger };
    const context: DeliveryContext<Domain, DeliveredEvent> | BatchContext<Domain, DeliveredEvent> =
      subscription.mode === "batch" ? { ...shared, events } : { ...shared, event: first };
    await inDeliverySpan(work, logged, observer, () => handle(context));
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

/** Events of a batch whose traces a delivery is linked to at most: what OpenTelemetry keeps by default. */
const LINKS_MAX = 128;

/**
 * Runs what handles some events, in a span that belongs to the trace of what published the first, so that one trace tells
 * the story of an order through all domains. A batch is linked to the traces of the others.
 */
export async function inDeliverySpan(
  work: WorkAtHand,
  events: readonly LoggedEvent[],
  { handled }: Pick<HostObserver, "handled">,
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
  const { domain, handler: name } = work;
  await inSpan(
    `deliver ${first.type} to ${name}`,
    {
      "polder.domain": domain,
      ...attributes,
      "polder.subscription": name,
      "polder.events": events.length,
    },
    () =>
      inSpan(`handle ${name}`, { "polder.domain": domain }, () => doing(work, () => timedHandler(handled, work, run))),
    {
      kind: SpanKind.CONSUMER,
      parent,
      links: others.slice(0, LINKS_MAX).flatMap(({ headers }) => publisherLinks(headers)),
    },
  );
}
