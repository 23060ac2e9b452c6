import { randomUUID } from "node:crypto";
import { type Validated, validatorOf, violated } from "@polder/contracts";
import { type Domain, type Event, modelErrors, publishedEvent, type Transaction } from "@polder/model";
import { type OpenTransaction, type OutboxEvent, outboxInsert, postgresErrors, type Statement } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import { publishSpan } from "../tracing.ts";

/** Largest payload of an event as JSON, in bytes. */
export const EVENT_BYTES_MAX: number = 1_048_576;

/** Events that one transaction publishes at most. */
const EVENTS_MAX = 10_000;

/** A transaction as a handler gets it, and what it has published. */
export interface HandlerTransaction {
  readonly tx: Transaction;
  /**
   * The statements that write the published events; to be sent with the commit. Waits for their validation, and ends
   * publishing.
   */
  readonly outbox: () => Promise<readonly Statement[]>;
}

/** Gives a handler its part of a transaction: statements and `publish`, but neither commit nor rollback. */
export function handlerTransaction(domain: Domain, open: OpenTransaction, schema: string): HandlerTransaction {
  const published: Promise<OutboxEvent>[] = [];
  let ended = false;
  const publish = (event: Event, data: unknown): string => {
    const declared = publishedEvent(domain, event?.name);
    const schemaOfEvent = declared?.versions[declared.newest];
    if (declared === undefined || schemaOfEvent === undefined) throw undeclared(domain, event?.name);
    if (ended) throw publishedLate(declared);
    if (published.length >= EVENTS_MAX) throw new RangeError(`One transaction publishes at most ${EVENTS_MAX} events`);
    const id = randomUUID();
    const checked = validatorOf(schemaOfEvent, "writer")(asItTravels(declared, data));
    const finish = (result: Validated): OutboxEvent => outboxEvent(declared, id, result);
    const pending = checked instanceof Promise ? checked.then(finish) : Promise.resolve(finish(checked));
    // Looked at when the handler has ended; until then a failure is not unhandled.
    pending.catch(() => undefined);
    published.push(pending);
    return id;
  };
  return {
    tx: { sql: open.sql, query: open.query, publish: publish as Transaction["publish"] },
    outbox: async () => {
      ended = true;
      const events: OutboxEvent[] = [];
      for (const event of published) events.push(await event);
      return events.length === 0 ? [] : [outboxInsert(schema, events)];
    },
  };
}

/** A copy through JSON, as consumers will read it: without fields that are undefined, dates as texts. */
function asItTravels({ name }: Event, data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data) ?? "null");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it throws";
    throw violated(`The event ${name}`, [{ pointer: "", problem: `cannot be written as JSON (${reason})` }]);
  }
}

function outboxEvent(event: Event, id: string, result: Validated): OutboxEvent {
  if (!result.valid) throw violated(`The event ${event.name}`, result.violations);
  const data = JSON.stringify(result.value);
  const bytes = Buffer.byteLength(data);
  if (bytes > EVENT_BYTES_MAX) {
    throw runtimeErrors.EVENT_TOO_LARGE(
      `The event ${event.name} has ${bytes} bytes; an event has at most ${EVENT_BYTES_MAX}. Publish a reference, and let consumers ask for the rest by an API.`,
      { event: event.name, bytes, bytesMax: EVENT_BYTES_MAX },
    );
  }
  const key = String((result.value as Record<string, unknown>)[event.key]);
  const headers = publishSpan(event.name, { "polder.event": event.name, "polder.event_id": id, "polder.key": key });
  return { id, key, type: event.name, version: event.newest, data, headers };
}

function undeclared(domain: Domain, event: string | undefined): Error {
  return modelErrors.NOT_DECLARED(
    `"${domain.name}" does not publish "${event}". Add the event to "publishes" of its declaration; an event of another domain can only be published there.`,
    { domain: domain.name, what: "publishes", contract: String(event) },
  );
}

function publishedLate({ name }: Event): Error {
  return postgresErrors.TRANSACTION_ENDED(
    `The event ${name} was published after its transaction had ended: something was not awaited inside the handler. Await everything that publishes.`,
    {},
  );
}
