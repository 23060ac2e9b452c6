import { type Domain, type NeededEvent, type NeededVersion, notDomainProblems } from "./domain.ts";
import type { Event } from "./event.ts";
import type { Call } from "./handler.ts";
import { refuseProblems } from "./problems.ts";
import type { Logger } from "./runtime.ts";
import type { SchemaOutput } from "./schema.ts";
import type { Transaction } from "./transaction.ts";
import type { User } from "./user.ts";

/** An event as a subscription gets it. */
export interface DeliveredEvent<Name extends string = string, Data = unknown> {
  /** The event's id, the same at every delivery. */
  readonly id: string;
  readonly name: Name;
  readonly version: string;
  readonly key: string;
  readonly data: Data;
  /** When it was published, by the clock of the publisher's database. */
  readonly at: Date;
  /** Position in the publisher's log: dense, from 1. */
  readonly seq: bigint;
  /** On whose behalf it was published, where somebody from outside asked first. */
  readonly user?: User;
}

/** The event of a name as a domain gets it: at the version that it needs. */
export type NeededDelivery<D extends Domain, Name extends string> =
  Extract<NeededEvent<D>, { readonly name: Name }> extends Event<infer N, infer Versions>
    ? DeliveredEvent<N, SchemaOutput<Versions[NeededVersion<D, Name> & keyof Versions]>>
    : never;

/** What a subscription's handler gets for one event: its writes and the checkpoint commit together. */
export interface DeliveryContext<D extends Domain, Delivered> {
  readonly event: Delivered;
  readonly tx: Transaction<D>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a handler gets for many events at once, in the order of the log. */
export interface BatchContext<D extends Domain, Delivered> {
  readonly events: readonly Delivered[];
  readonly tx: Transaction<D>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a handler with effects outside the database gets: no transaction, but a key that makes its effects repeatable. */
export interface OutsideContext<D extends Domain, Delivered> {
  readonly event: Delivered;
  /** The same at every attempt: hand it on as the idempotency key. */
  readonly key: string;
  readonly call: Call<D>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** How a subscription retries and how much it takes at once. */
export interface SubscriptionOptions {
  /** Attempts at an event before it becomes a dead letter. Default 8. */
  readonly attemptsMax?: number;
  /** Wait before the second attempt, in milliseconds; doubles with each further one, with jitter. Default 500. */
  readonly backoffMs?: number;
  /** Longest wait between two attempts, in milliseconds. Default 300,000. */
  readonly backoffMaxMs?: number;
  /** Events in one transaction at most. Default 500. */
  readonly batchSizeMax?: number;
  /** How long a handler may take for one event (or for one batch), in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Where a new subscription begins: with everything the log still keeps, or with what comes. Default "first". */
  readonly from?: "first" | "now";
}

/** What a subscription does with events: one by one, many at once, or outside the database. */
export type SubscriptionMode = "each" | "batch" | "outside";

/** A named consumer of events, with a checkpoint. */
export interface Subscription<Name extends string = string> {
  readonly kind: "subscription";
  readonly domain: string;
  readonly name: Name;
  readonly mode: SubscriptionMode;
  /** The names of the events it gets. */
  readonly events: readonly string[];
  readonly options: SubscriptionOptions;
  readonly handlers: Readonly<Record<string, (context: never) => Promise<void>>>;
}

type EachHandlers<D extends Domain> = {
  readonly [Name in NeededEvent<D>["name"]]?: (context: DeliveryContext<D, NeededDelivery<D, Name>>) => Promise<void>;
};

type OutsideHandlers<D extends Domain> = {
  readonly [Name in NeededEvent<D>["name"]]?: (context: OutsideContext<D, NeededDelivery<D, Name>>) => Promise<void>;
};

type NeededDeliveries<D extends Domain, Name extends string> = Name extends unknown ? NeededDelivery<D, Name> : never;

/**
 * Subscribes a domain to events that it needs, with a handler for each. What a handler writes and the
 * subscription's checkpoint commit in one transaction: effects happen exactly once.
 */
export function subscription<D extends Domain, const Name extends string>(
  domain: D,
  name: Name,
  handlers: EachHandlers<D>,
  options: SubscriptionOptions = {},
): Subscription<Name> {
  return declare(domain, name, "each", handlers, options);
}

/**
 * Subscribes a domain to events that it needs, many at once: for writes that are set-based. One
 * handler gets the events of a batch in the order of the log. When it fails, the batch is taken event by event.
 */
export function batchSubscription<
  D extends Domain,
  const Name extends string,
  EventName extends NeededEvent<D>["name"],
>(
  domain: D,
  name: Name,
  events: readonly EventName[],
  handle: (context: BatchContext<D, NeededDeliveries<D, EventName>>) => Promise<void>,
  options: SubscriptionOptions = {},
): Subscription<Name> {
  return declare(domain, name, "batch", Object.fromEntries(events.map((event) => [event, handle])), options);
}

/**
 * Subscribes a domain to events whose handling has effects outside its database: mail, calls to
 * other domains. One event at a time, at least once; the handler gets a key that stays the same at every attempt.
 */
export function outsideSubscription<D extends Domain, const Name extends string>(
  domain: D,
  name: Name,
  handlers: OutsideHandlers<D>,
  options: SubscriptionOptions = {},
): Subscription<Name> {
  return declare(domain, name, "outside", handlers, options);
}

function declare<const Name extends string>(
  domain: Domain,
  name: Name,
  mode: SubscriptionMode,
  handlers: object,
  options: SubscriptionOptions,
): Subscription<Name> {
  refuseProblems("a subscription", notDomainProblems(domain));
  return {
    kind: "subscription",
    domain: domain.name,
    name,
    mode,
    events: Object.keys(handlers ?? {}),
    options,
    handlers: handlers as Subscription["handlers"],
  };
}
