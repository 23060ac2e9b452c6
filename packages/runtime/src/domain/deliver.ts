import { SpanKind } from "@opentelemetry/api";
import type { HandleEvents, LoggedEvent } from "@polder/bus";
import { type Validated, validatorOf, violated } from "@polder/contracts";
import {
  type BatchContext,
  type DeliveredEvent,
  type DeliveryContext,
  declaredNeed,
  type Domain,
  type Logger,
  type OutsideContext,
  type Subscription,
  type Version,
  versionParts,
} from "@polder/model";
import type { OpenTransaction } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import { contextOf, inSpan, pastSpan } from "../tracing.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import { handlerTransaction } from "./handler-transaction.ts";

/** What delivering to the subscriptions of a domain needs. */
export interface DeliverParts {
  readonly domain: Domain;
  readonly schema: string;
  readonly findTransport: FindTransport;
  readonly published: () => void;
  readonly logger: Logger;
}

/** Makes the one who runs the handlers of a subscription. */
export function createDeliver(parts: DeliverParts, subscription: Subscription): HandleEvents {
  const { domain, schema, published, logger } = parts;
  return async (logged, transaction, signal) => {
    const events = await Promise.all(logged.map((event) => delivered(domain, event)));
    const [first] = events;
    const [firstLogged] = logged;
    if (first === undefined || firstLogged === undefined) return { last: [] };
    const handle = subscription.handlers[first.name] as ((context: unknown) => Promise<void>) | undefined;
    if (handle === undefined) return { last: [] };
    if (transaction === undefined) {
      const context: OutsideContext<Domain, DeliveredEvent> = {
        event: first,
        key: `${subscription.domain}.${subscription.name}:${first.id}`,
        call: callsOf({ domain, findTransport: parts.findTransport, isInTransaction: () => false }),
        signal,
        log: logger,
      };
      await traced(subscription, firstLogged, () => handle(context));
      return { last: [] };
    }
    const { tx, outbox } = handlerTransaction(domain, transaction, schema);
    const shared = { tx, signal, log: logger };
    const context: DeliveryContext<Domain, DeliveredEvent> | BatchContext<Domain, DeliveredEvent> =
      subscription.mode === "batch" ? { ...shared, events } : { ...shared, event: first };
    await traced(subscription, firstLogged, () => handle(context));
    const last = await outbox();
    return last.length === 0 ? { last } : { last, committed: published };
  };
}

/**
 * The delivery belongs to the trace of what published the event, so that one trace tells the story of an order through
 * all domains. A batch belongs to that of its first event.
 */
async function traced(subscription: Subscription, event: LoggedEvent, run: () => Promise<void>): Promise<void> {
  const parent = contextOf(event.headers);
  const attributes = { "polder.event": event.type, "polder.event_id": event.id, "polder.key": event.key, "polder.seq": String(event.seq) };
  if (event.headers !== null) pastSpan(`relay ${event.type}`, attributes, { parent, from: event.at, to: event.relayedAt });
  const name = `${subscription.domain}.${subscription.name}`;
  await inSpan(`deliver ${event.type} to ${name}`, { ...attributes, "polder.subscription": name }, () => inSpan(`handle ${name}`, { "polder.domain": subscription.domain }, run), {
    kind: SpanKind.CONSUMER,
    parent,
  });
}

/** The event at the version that the domain needs, as a tolerant reader sees it. */
async function delivered(domain: Domain, event: LoggedEvent): Promise<DeliveredEvent> {
  const need = declaredNeed(domain, event.type);
  const schema = need?.contract.kind === "event" ? need.contract.versions[need.version] : undefined;
  if (need === undefined || schema === undefined || !sameMajor(event.version, need.version)) {
    throw runtimeErrors.EVENT_VERSION_UNKNOWN(
      `"${domain.name}" needs ${event.type} at ${need?.version ?? "no version"}, but the log has it at ${event.version}. Declare a need for that version, then retry the event.`,
      { event: event.type, version: event.version, needed: need?.version ?? "" },
    );
  }
  const result: Validated = await validatorOf(schema, "reader")(JSON.parse(event.data));
  if (!result.valid) throw violated(`The event ${event.type} (${event.id})`, result.violations);
  return { id: event.id, name: event.type, version: event.version, key: event.key, data: result.value, at: event.at, seq: event.seq };
}

function sameMajor(a: string, b: string): boolean {
  return versionParts(a as Version)[0] === versionParts(b as Version)[0];
}
