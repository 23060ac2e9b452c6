import { randomUUID } from "node:crypto";
import { type GrowthSignal, type Relay, type Stream, startPresence, startRelay } from "@polder/bus";
import type { ServedDomain } from "@polder/http";
import type { Implementation, Logger } from "@polder/model";
import { type Database, forgetAnswers, homeOf } from "@polder/postgres";
import { type CopyLook, type Freshness, type KeptCopies, openFreshness, servingCopies } from "@polder/reading";
import { withFields } from "../logger.ts";
import { type DomainUses, startDomainUses } from "../observe/domain-uses.ts";
import type { HostObserver } from "../observe/host-observer.ts";
import type { FindTransport } from "./calls.ts";
import { openCommandPositions } from "./command-positions.ts";
import { createDeliver, type DeliverParts } from "./deliver.ts";
import { warnOfDeprecatedEvents } from "./deprecated-needs.ts";
import { startDomainCopies } from "./domain-copies.ts";
import { openDomainSagas } from "./domain-sagas.ts";
import { type DomainStreams, type HandledSubscription, openDomainStreams } from "./domain-streams.ts";
import { createExecute } from "./execute.ts";
import type { HandlerTransactionParts } from "./handler-transaction.ts";
import { lookEveryMs, type Retention } from "./retention.ts";

/** What {@link runDomain} needs. */
export interface RunDomainOptions {
  readonly implementation: Implementation;
  /** The domain's database, as its own role. It stays the caller's to close. */
  readonly database: Database;
  /** The database of a domain whose events this one needs, as this one's role. It stays the caller's to close. */
  readonly publisherDatabase: (publisher: string) => Database;
  readonly growth: GrowthSignal;
  readonly findTransport: FindTransport;
  readonly logger: Logger;
  readonly observer: HostObserver;
  /** How long a lease on a subscription lasts, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  /** For how long what is over is kept. */
  readonly retention?: Retention;
  /** Where it runs, such as `production`, as it is noted with who uses which contract. Default "development". */
  readonly environment?: string;
}

/** A domain at work in this process: its operations, its relay, its subscriptions. */
export interface RunningDomain {
  readonly name: string;
  readonly implementation: Implementation;
  readonly database: Database;
  /** How its read models and replicas stand, as of the last look. */
  readonly copies: () => readonly CopyLook[];
  /** How its operations are served. */
  readonly served: ServedDomain;
  /** Told of each call that it has answered. */
  readonly answered: DomainUses["served"];
  /** Starts to deliver events to its subscriptions, and to work on its sagas; does nothing once they were ended. */
  readonly deliver: () => void;
  /** Ends deliveries after the batch and the steps of sagas under way; they are given up when `signal` aborts. */
  readonly endDeliveries: (options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Ends deliveries, then the relay, and signs off. Calls may still be answered. */
  readonly stop: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** Brings a domain to work. */
export async function runDomain(options: RunDomainOptions): Promise<RunningDomain> {
  const { implementation, database, publisherDatabase, growth, findTransport, observer } = options;
  const { domain } = implementation;
  const logger = withFields(options.logger, { domain: domain.name });
  const schema = homeOf(domain.name).schema;
  const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
  const instance = randomUUID();
  const transaction: HandlerTransactionParts = {
    domain,
    schema,
    sagas: implementation.sagas,
    published: () => relay?.wake(),
    started: () => sagas.wake(),
  };
  const shared = { domain, findTransport, logger, observer };
  const positions = await openCommandPositions(domain, database);
  const freshness = openFreshness({
    domain: domain.name,
    database,
    publisherDatabase,
    growth,
    copies: () => servingCopies(database, implementation),
  });
  const { sagasDays } = options.retention ?? {};
  const keep = sagasDays === undefined ? {} : { keepDays: sagasDays };
  const sagas = openDomainSagas({ ...shared, ...lease, ...keep, database, instance, transaction });
  const { readModels, replicas } = implementation;
  let copies: KeptCopies | undefined;
  const all = [...implementation.subscriptions, ...sagas.subscriptions.map(({ subscription }) => subscription)];
  const subscriptions = (): readonly string[] => [...all.map(({ name }) => name), ...(copies?.subscriptions() ?? [])];
  const presence = await startPresence({
    domain: domain.name,
    database,
    instance,
    subscriptions,
    logger,
    ...lease,
  });
  const relay = startDomainRelay({ ...options, logger });
  const stopForgetting = startForgetting({ ...options, logger });
  const events = [...all, ...readModels, ...replicas].flatMap((one) => one.events);
  const environment = options.environment === undefined ? {} : { environment: options.environment };
  const uses = startDomainUses({ domain, database, events, logger, ...environment });
  const opened = openDomainStreams({ ...options, ...lease, domain, events, instance, logger });
  const counted: DomainStreams = { ...opened, start: (one) => opened.start(tellingHandled(one, { uses, freshness })) };
  const startStreams = (): readonly Stream[] => {
    const declared = handledSubscriptions(implementation, { ...shared, transaction });
    return [...declared, ...sagas.subscriptions].flatMap(counted.start);
  };
  let isDelivering = false;
  let streams: readonly Stream[] = [];
  let ending: Promise<void> | undefined;
  const endDeliveries: RunningDomain["endDeliveries"] = (endOptions) => {
    const running = [...streams, sagas, ...(copies === undefined ? [] : [copies])];
    ending ??= Promise.all(running.map((one) => one.stop(endOptions))).then(() => undefined);
    return ending;
  };
  return {
    name: domain.name,
    implementation,
    database,
    served: {
      implementation,
      ...createExecute({ ...shared, database, transaction, answerOf: sagas.answerOf, positions, freshness }),
    },
    answered: uses.served,
    copies: () => copies?.looks() ?? [],
    deliver: () => {
      if (ending !== undefined || isDelivering) return;
      isDelivering = true;
      warnOfDeprecatedEvents(domain, logger);
      streams = startStreams();
      copies = startDomainCopies({
        ...shared,
        ...lease,
        implementation,
        database,
        streams: counted,
        growth: options.growth,
        instance,
        onSubscriptions: presence.show,
        ...(options.retention === undefined ? {} : { retention: options.retention }),
      });
      sagas.start();
    },
    endDeliveries,
    stop: async (stopOptions) => {
      stopForgetting();
      await endDeliveries(stopOptions);
      await relay?.stop();
      await uses.stop(stopOptions);
      await presence.stop();
    },
  };
}

/** Counts the events that a subscription has handled, and wakes who waits for them, when that is committed. */
function tellingHandled<Handled extends HandledSubscription>(
  handled: Handled,
  { uses, freshness }: { readonly uses: DomainUses; readonly freshness: Freshness },
): Handled {
  const { handle, subscription } = handled;
  return {
    ...handled,
    handle: async (events, transaction, signal) => {
      const done = await handle(events, transaction, signal);
      const committed = (): void => {
        uses.handled(events);
        freshness.handled(subscription.name);
        done.committed?.();
      };
      return { ...done, committed };
    },
  };
}

/** The relay of a domain; none where it publishes no events. */
function startDomainRelay(options: RunDomainOptions): Relay | undefined {
  const { implementation, database, growth, logger, observer } = options;
  const { name, publishes } = implementation.domain;
  if (!publishes.some((contract) => contract.kind === "event")) return undefined;
  const onStep = (moved: number): void => observer.metrics?.relayed(name, moved);
  const { eventsDays: keepDays, partitionRows: rowsPerPartition } = options.retention ?? {};
  return startRelay({
    domain: name,
    database,
    growth,
    logger,
    onStep,
    ...(keepDays === undefined ? {} : { keepDays, maintainMs: lookEveryMs(keepDays) }),
    ...(rowsPerPartition === undefined ? {} : { rowsPerPartition }),
  });
}

/** Forgets old answers now and then, all that there are: a single round would not keep up with a busy domain. Gives the way to stop. */
function startForgetting({ implementation, database, logger, retention }: RunDomainOptions): () => void {
  const { schema } = homeOf(implementation.domain.name);
  const days = retention?.answersDays ?? 7;
  let isStopped = false;
  let isForgetting = false;
  const forgetAll = async (): Promise<void> => {
    while (!isStopped && (await forgetAnswers(database, schema, days)) > 0);
  };
  const timer = setInterval(() => {
    if (isForgetting) return;
    isForgetting = true;
    void forgetAll()
      .catch((error: unknown) => logger.debug("old answers were not forgotten", { error }))
      .finally(() => {
        isForgetting = false;
      });
  }, lookEveryMs(days));
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

function handledSubscriptions({ subscriptions }: Implementation, parts: DeliverParts): readonly HandledSubscription[] {
  return subscriptions.map((subscription) => {
    const logger = withFields(parts.logger, { subscription: subscription.name });
    return { subscription, handle: createDeliver({ ...parts, logger }, subscription) };
  });
}
