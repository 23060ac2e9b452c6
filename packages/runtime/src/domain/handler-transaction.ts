import { randomUUID } from "node:crypto";
import { conform, type Validated, validatorOf, violated } from "@polder/contracts";
import {
  type Domain,
  type Event,
  modelErrors,
  publishedEvent,
  type Saga,
  type SagaRef,
  type Started,
  type Transaction,
  type User,
} from "@polder/model";
import { type OpenTransaction, type OutboxEvent, outboxInsert, postgresErrors, type Statement } from "@polder/postgres";
import { sagaStart } from "@polder/sagas";
import { runtimeErrors } from "../errors.ts";
import { publishSpan } from "../tracing.ts";
import { withUser } from "./event-user.ts";

/** Largest payload of an event as JSON, in bytes. */
export const EVENT_BYTES_MAX: number = 1_048_576;

/** Events that one transaction publishes at most. */
const EVENTS_MAX = 10_000;

/** What a handler's transaction needs to know of its domain. */
export interface HandlerTransactionParts {
  readonly domain: Domain;
  readonly schema: string;
  /** The sagas of the domain's implementation. */
  readonly sagas: readonly Saga[];
  /** Told when events have been committed. */
  readonly published: () => void;
  /** Told when the start of a saga has been committed. */
  readonly started: () => void;
}

/** A transaction as a handler gets it, and what it leaves to be done. */
export interface HandlerTransaction {
  readonly tx: Transaction;
  /**
   * The statements that write the published events and start sagas; to be sent with the commit. Waits for their
   * validation, and ends publishing.
   */
  readonly last: () => Promise<readonly Statement[]>;
  /** The events that `last` writes, by the first of its statements where there are some. */
  readonly events: () => readonly OutboxEvent[];
  /** To be called when it has been committed. */
  readonly committed: () => void;
}

/**
 * Gives a handler its part of a transaction: statements, `publish` and `start`, but neither commit nor rollback. What
 * it publishes and starts is on behalf of the user, if there is one.
 */
export function handlerTransaction(
  { domain, schema, sagas, ...told }: HandlerTransactionParts,
  open: OpenTransaction,
  user: User | undefined,
): HandlerTransaction {
  const starts: Promise<Statement>[] = [];
  const published: Promise<OutboxEvent>[] = [];
  const events: OutboxEvent[] = [];
  let ended = false;
  const publish = (event: Event, data: unknown): string => {
    const declared = publishedEvent(domain, event?.name);
    const schemaOfEvent = declared?.versions[declared.newest];
    if (declared === undefined || schemaOfEvent === undefined) throw undeclared(domain, event?.name);
    if (ended) throw endedBefore(`The event ${declared.name} was published`);
    if (published.length >= EVENTS_MAX) throw new RangeError(`One transaction publishes at most ${EVENTS_MAX} events`);
    const id = randomUUID();
    const checked = validatorOf(schemaOfEvent, "writer")(asItTravels(`The event ${declared.name}`, data));
    const finish = (result: Validated): OutboxEvent => outboxEvent(declared, result, { id, user, domain: domain.name });
    const pending = checked instanceof Promise ? checked.then(finish) : Promise.resolve(finish(checked));
    // Looked at when the handler has ended; until then a failure is not unhandled.
    pending.catch(() => undefined);
    published.push(pending);
    return id;
  };
  const start = (saga: SagaRef, key: string, input: unknown): Started => {
    const declared = sagas.find((candidate) => candidate === saga || candidate.name === saga?.name);
    if (declared === undefined) throw undeclaredSaga(domain, saga?.name);
    if (ended) throw endedBefore(`The saga "${declared.name}" was started`);
    if (typeof key !== "string" || key === "" || key.length > SAGA_KEY_LENGTH_MAX)
      throw new RangeError(`The key of a saga has 1 to ${SAGA_KEY_LENGTH_MAX} characters`);
    const pending = startStatement(domain, declared, { key, input, user });
    pending.catch(() => undefined);
    starts.push(pending);
    return { kind: "started", saga: declared.name, key };
  };
  return {
    tx: {
      sql: open.sql,
      query: open.query,
      publish: publish as Transaction["publish"],
      start: start as Transaction["start"],
    },
    last: async () => {
      ended = true;
      for (const event of published) events.push(await event);
      const statements = events.length === 0 ? [] : [outboxInsert(schema, events)];
      for (const statement of starts) statements.push(await statement);
      return statements;
    },
    events: () => events,
    committed: () => {
      if (published.length > 0) told.published();
      if (starts.length > 0) told.started();
    },
  };
}

/** Characters of a saga's key at most. */
const SAGA_KEY_LENGTH_MAX = 200;

interface Starting {
  readonly key: string;
  readonly input: unknown;
  readonly user: User | undefined;
}

async function startStatement(domain: Domain, saga: Saga, { key, input, user }: Starting): Promise<Statement> {
  const what = `The input of the saga ${saga.name}`;
  const checked = await conform(saga.input, "writer", asItTravels(what, input), what);
  const name = `${domain.name}.${saga.name}`;
  const trace = publishSpan(`start ${name}`, {
    "polder.domain": domain.name,
    "polder.saga": name,
    "polder.key": key,
  });
  const headers = withUser(trace, user);
  return sagaStart(domain.name, { name: saga.name, key, input: checked, headers });
}

interface Published {
  readonly id: string;
  readonly domain: string;
  readonly user: User | undefined;
}

/** A copy through JSON, as it will be read: without fields that are undefined, dates as texts. */
function asItTravels(what: string, data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data) ?? "null");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it throws";
    throw violated(what, [{ pointer: "", problem: `cannot be written as JSON (${reason})` }]);
  }
}

function outboxEvent(event: Event, result: Validated, { id, user, domain }: Published): OutboxEvent {
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
  const trace = publishSpan(`publish ${event.name}`, {
    "polder.domain": domain,
    "polder.event": event.name,
    "polder.event_id": id,
    "polder.key": key,
  });
  const headers = withUser(trace, user);
  return { id, key, type: event.name, version: event.newest, data, headers };
}

function undeclared(domain: Domain, event: string | undefined): Error {
  return modelErrors.NOT_DECLARED(
    `"${domain.name}" does not publish "${event}". Add the event to "publishes" of its declaration; an event of another domain can only be published there.`,
    { domain: domain.name, what: "publishes", contract: String(event) },
  );
}

function undeclaredSaga(domain: Domain, saga: string | undefined): Error {
  return modelErrors.NOT_DECLARED(
    `"${domain.name}" has no saga "${saga}". Add it to "sagas" of its implementation, implement(…).`,
    { domain: domain.name, what: "sagas", contract: String(saga) },
  );
}

function endedBefore(what: string): Error {
  return postgresErrors.TRANSACTION_ENDED(
    `${what} after its transaction had ended: something was not awaited inside the handler. Await everything that writes.`,
    {},
  );
}
