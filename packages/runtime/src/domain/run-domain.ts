import { randomUUID } from "node:crypto";
import { type GrowthSignal, type Relay, startPresence, startRelay } from "@polder/bus";
import type { ServedDomain } from "@polder/http";
import type { Implementation, Logger } from "@polder/model";
import { type Database, forgetAnswers, homeOf } from "@polder/postgres";
import { type CopyLook, openFreshness, servingCopies } from "@polder/reading";
import { withFields } from "../logger.ts";
import { type DomainUses, startDomainUses } from "../observe/domain-uses.ts";
import type { HostObserver } from "../observe/host-observer.ts";
import type { FindTransport } from "./calls.ts";
import { openCommandPositions } from "./command-positions.ts";
import { openDomainDeliveries } from "./domain-deliveries.ts";
import { openDomainSagas } from "./domain-sagas.ts";
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
  const { implementation, database, publisherDatabase, growth, findTransport, observer, retention = {} } = options;
  const { domain } = implementation;
  const { name } = domain;
  const logger = withFields(options.logger, { domain: name });
  const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
  const instance = randomUUID();
  const transaction: HandlerTransactionParts = {
    domain,
    schema: homeOf(name).schema,
    sagas: implementation.sagas,
    published: () => relay?.wake(),
    started: () => sagas.wake(),
  };
  const shared = { domain, database, findTransport, transaction, logger, observer };
  const positions = await openCommandPositions(domain, database);
  const freshness = openFreshness({
    domain: name,
    database,
    publisherDatabase,
    growth,
    copies: () => servingCopies(database, implementation),
  });
  const keep = retention.sagasDays === undefined ? {} : { keepDays: retention.sagasDays };
  const sagas = openDomainSagas({ ...shared, ...lease, ...keep, instance });
  const deliveries = openDomainDeliveries({
    ...shared,
    ...lease,
    implementation,
    publisherDatabase,
    growth,
    instance,
    sagas,
    retention,
    onSubscriptions: () => presence.show(),
    onHandled: (subscription, events) => {
      uses.handled(events);
      freshness.handled(subscription.name);
    },
  });
  const { subscriptions, events } = deliveries;
  const presence = await startPresence({ domain: name, database, instance, subscriptions, logger, ...lease });
  const relay = startDomainRelay({ ...options, logger });
  const stopForgetting = startForgetting({ ...options, logger });
  const environment = options.environment === undefined ? {} : { environment: options.environment };
  const uses = startDomainUses({ domain, database, events, logger, ...environment });
  const execute = createExecute({ ...shared, answerOf: sagas.answerOf, positions, freshness });
  return {
    name,
    implementation,
    database,
    served: { implementation, ...execute },
    answered: uses.served,
    copies: deliveries.copies,
    deliver: deliveries.start,
    endDeliveries: deliveries.stop,
    stop: async (stopOptions) => {
      stopForgetting();
      await deliveries.stop(stopOptions);
      await relay?.stop();
      await uses.stop(stopOptions);
      await presence.stop();
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
