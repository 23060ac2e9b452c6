import { SpanKind } from "@opentelemetry/api";
import type { HandleEvents, LoggedEvent } from "@polder/bus";
import { conform, eventConversion } from "@polder/contracts";
import {
  type AnyEvent,
  type BatchContext,
  type DeliveredEvent,
  type DeliveryContext,
  type Domain,
  declaredNeed,
  domainOf,
  type Logger,
  majorOf,
  type OutsideContext,
  type Subscription,
} from "@polder/model";
import { runtimeErrors } from "../errors.ts";
import { type HostObserver, timedHandler } from "../observe/host-observer.ts";
import { inSpan, pastSpan, publisherContext, publisherLinks } from "../tracing.ts";
import { doing, type WorkAtHand } from "../work-at-hand.ts";
import { callsOf, type FindTransport } from "./calls.ts";
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
  const work = { domain: subscription.domain, handler: `${subscription.domain}.${subscription.name}` };
  return async (logged, transaction, signal) => {
    const events = await Promise.all(logged.map((event) => delivered(domain, event)));
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

/** The event at the version that the domain needs, as a tolerant reader sees it. */
export async function delivered(domain: Domain, event: LoggedEvent): Promise<DeliveredEvent> {
  const need = declaredNeed(domain, event.type);
  const { version, data } =
    need?.contract.kind === "event"
      ? await atVersion(need.contract, event, { domain, needed: need.version })
      : unknownVersion(event, { domain, needed: undefined });
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

interface Needing {
  readonly domain: Domain;
  readonly needed: string | undefined;
}

interface Versioned {
  readonly version: string;
  readonly data: unknown;
}

/** What is stored at another major is read at its own, and then brought up or down by the converters of the contract. */
async function atVersion(
  contract: AnyEvent,
  event: LoggedEvent,
  { domain, needed }: Needing & { readonly needed: string },
): Promise<Versioned> {
  const stored = JSON.parse(event.data) as unknown;
  const what = `The event ${event.type} (${event.id})`;
  const schema = contract.versions[needed];
  if (schema !== undefined && majorOf(event.version) === majorOf(needed))
    return { version: event.version, data: await conform(schema, "reader", stored, what) };
  const conversion = eventConversion(contract, { from: event.version, to: needed });
  if (conversion === undefined) return unknownVersion(event, { domain, needed });
  const read = await conform(conversion.stored, "reader", stored, what);
  return { version: conversion.version, data: await conversion.convert(read) };
}

function unknownVersion(event: LoggedEvent, { domain, needed = "no version" }: Needing): never {
  throw runtimeErrors.EVENT_VERSION_UNKNOWN(
    `"${domain.name}" needs ${event.type} at ${needed}, but the log has it at ${event.version}, which its contract does not declare here. Roll out the contract that declares both, then retry the event.`,
    { event: event.type, version: event.version, needed },
  );
}
