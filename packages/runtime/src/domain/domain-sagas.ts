import type { HandleEvents } from "@polder/bus";
import { outlookOf } from "@polder/http";
import type { Domain, Logger, Saga, Started, Subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import {
  type AnsweredSaga,
  type RunningSagas,
  runSagas,
  type SagaSeams,
  type SagasOptions,
  sagaAnswer,
  sagaNewsInsert,
} from "@polder/sagas";
import { type HostObserver, timedHandler } from "../observe/host-observer.ts";
import { inSpan, publisherContext } from "../tracing.ts";
import { doing } from "../work-at-hand.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import type { HandledSubscription } from "./domain-streams.ts";
import { userOf } from "./event-user.ts";
import { type HandlerTransactionParts, handlerTransaction } from "./handler-transaction.ts";
import { eventsReader } from "./read-events.ts";
import { lookEveryMs } from "./retention.ts";

/** What the sagas of a domain need. */
export interface DomainSagasParts {
  readonly domain: Domain;
  readonly database: Database;
  readonly instance: string;
  readonly transaction: HandlerTransactionParts;
  readonly findTransport: FindTransport;
  readonly leaseMs?: number;
  /** Days that sagas are kept after their end. Default 7. */
  readonly keepDays?: number;
  readonly logger: Logger;
  readonly observer: HostObserver;
}

/** The sagas of a domain in this process. */
export interface DomainSagas {
  /** Starts to work on them. */
  readonly start: () => void;
  readonly wake: () => void;
  readonly stop: RunningSagas["stop"];
  /** Waits for the answer of one. */
  readonly answerOf: (saga: Started, signal: AbortSignal) => Promise<AnsweredSaga>;
  /** The subscriptions that bring them the events that they wait for. */
  readonly subscriptions: readonly HandledSubscription[];
}

/** Opens the sagas of a domain; nothing runs before `start`. */
export function openDomainSagas(parts: DomainSagasParts): DomainSagas {
  const { domain, database, logger } = parts;
  const { sagas } = parts.transaction;
  const listeners = new Map<string, Set<() => void>>();
  let running: RunningSagas | undefined;
  const wake = (): void => running?.wake();
  return {
    start: () => {
      running ??= runSagas({
        domain: domain.name,
        sagas,
        database,
        instance: parts.instance,
        logger,
        ...(parts.leaseMs === undefined ? {} : { leaseMs: parts.leaseMs }),
        ...(parts.keepDays === undefined ? {} : { keepDays: parts.keepDays, forgetMs: lookEveryMs(parts.keepDays) }),
        answered: (saga, key) => listeners.get(nameOf({ saga, key }))?.forEach((tell) => void tell()),
        seams: (saga, held) => seamsOf(parts, saga, held),
      });
    },
    wake,
    stop: async (options) => await running?.stop(options),
    answerOf: async (saga, signal) =>
      await sagaAnswer(
        database,
        { domain: domain.name, name: saga.saga, key: saga.key },
        { signal, onAnswer: (listener) => listen(listeners, nameOf(saga), listener) },
      ),
    subscriptions: sagas.flatMap((saga) => {
      const events = Object.keys(saga.waits);
      return events.length === 0 ? [] : [{ subscription: newsOf(domain, saga), handle: handOver(domain, saga, wake) }];
    }),
  };
}

/** What the steps of one saga are lent: they go on in the trace in which it was started, and on behalf of the same user. */
function seamsOf(
  { domain, findTransport, transaction: ofDomain, logger, observer }: DomainSagasParts,
  saga: Saga,
  { key, headers }: Parameters<SagasOptions["seams"]>[1],
): SagaSeams {
  const text = headers === null ? null : JSON.stringify(headers);
  const { user } = userOf(text);
  // Steps may have any name, and so many that a metric could not hold them.
  const work = { domain: domain.name, handler: `${domain.name}.${saga.name}` };
  const onMade = observer.metrics?.made;
  return {
    call: (signal, remainingMs) =>
      callsOf({ domain, findTransport, isInTransaction: () => false, remainingMs, user, signal, logger, onMade }),
    local: (transaction) => handlerTransaction(ofDomain, transaction, user),
    isDefinite: (error) => outlookOf(error) === "never",
    trace: (step, run) =>
      inSpan(
        `saga ${work.handler}: ${step}`,
        { "polder.domain": domain.name, "polder.saga": work.handler, "polder.key": key },
        () => doing(work, () => timedHandler(observer.handled, work, run)),
        { parent: publisherContext(text) },
      ),
  };
}

function nameOf({ saga, key }: { readonly saga: string; readonly key: string }): string {
  return `${saga} ${key}`;
}

function listen(listeners: Map<string, Set<() => void>>, name: string, listener: () => void): () => void {
  const known = listeners.get(name) ?? new Set();
  listeners.set(name, known.add(listener));
  return () => {
    known.delete(listener);
    if (known.size === 0) listeners.delete(name);
  };
}

function newsOf(domain: Domain, saga: Saga): Subscription {
  const events = Object.keys(saga.waits);
  return {
    kind: "subscription",
    domain: domain.name,
    name: `saga-${saga.name}`,
    mode: "each",
    events,
    options: {},
    handlers: {},
  };
}

function handOver(domain: Domain, saga: Saga, wake: () => void): HandleEvents {
  const read = eventsReader(domain);
  return async (logged) => {
    const last = [];
    for (const { id, name, version, key, data, at, seq } of await read(logged)) {
      const about = saga.waits[name]?.(data as never);
      if (typeof about !== "string") continue;
      const event = { id, name, version, key, data, at: at.toISOString(), seq: String(seq) };
      last.push(...sagaNewsInsert(domain.name, { name: saga.name, key: about }, event));
    }
    return { last, committed: wake };
  };
}
