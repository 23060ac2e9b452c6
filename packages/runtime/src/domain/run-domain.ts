import { randomUUID } from "node:crypto";
import {
  type GrowthSignal,
  neededEvents,
  postgresSource,
  type Relay,
  runStream,
  type Stream,
  startPresence,
  startRelay,
} from "@polder/bus";
import type { ServedDomain } from "@polder/http";
import type { Implementation, Logger } from "@polder/model";
import { type Database, forgetAnswers, homeOf } from "@polder/postgres";
import { withFields } from "../logger.ts";
import type { FindTransport } from "./calls.ts";
import { createDeliver } from "./deliver.ts";
import { createExecute } from "./execute.ts";

/** What {@link runDomain} needs. */
export interface RunDomainOptions {
  readonly implementation: Implementation;
  /** The domain's database, as its own role. It stays the caller's to close. */
  readonly database: Database;
  readonly growth: GrowthSignal;
  readonly findTransport: FindTransport;
  readonly logger: Logger;
  /** How long a lease on a subscription lasts, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  /** How long the answers of keyed commands are kept, in days. Default 7. */
  readonly keepAnswersDays?: number;
}

/** A domain at work in this process: its operations, its relay, its subscriptions. */
export interface RunningDomain {
  readonly name: string;
  readonly implementation: Implementation;
  readonly database: Database;
  /** How its operations are served. */
  readonly served: ServedDomain;
  /** Starts to deliver events to its subscriptions; does nothing once they were ended. */
  readonly deliver: () => void;
  /** Ends deliveries after the batch under way; it is rolled back when `signal` aborts. */
  readonly endDeliveries: (options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Ends deliveries, then the relay, and signs off. Calls may still be answered. */
  readonly stop: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** Old answers are forgotten this often, in milliseconds. */
const FORGET_MS = 10 * 60_000;

/** Brings a domain to work. */
export async function runDomain(options: RunDomainOptions): Promise<RunningDomain> {
  const { implementation, database, growth, findTransport } = options;
  const { domain } = implementation;
  const logger = withFields(options.logger, { domain: domain.name });
  const schema = homeOf(domain.name).schema;
  const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
  const instance = randomUUID();
  const presence = await startPresence({ domain: domain.name, database, instance, logger, ...lease });
  const publishes = domain.publishes.some((contract) => contract.kind === "event");
  const relay: Relay | undefined = publishes
    ? startRelay({ domain: domain.name, database, growth, logger })
    : undefined;
  const published = (): void => relay?.wake();
  const forgetting = setInterval(() => {
    forgetAnswers(database, schema, options.keepAnswersDays ?? 7).catch((error: unknown) =>
      logger.debug("old answers were not forgotten", { error }),
    );
  }, FORGET_MS);
  const startStreams = (): readonly Stream[] =>
    implementation.subscriptions.flatMap((subscription) => {
      const ofSubscription = withFields(logger, { subscription: subscription.name });
      const parts = { domain, schema, findTransport, published, logger: ofSubscription };
      const handle = createDeliver(parts, subscription);
      return publishersOf(implementation, subscription.events).map((publisher) => {
        const source = postgresSource({ publisher, database, growth });
        return runStream({ subscription, source, database, instance, handle, logger: ofSubscription, ...lease });
      });
    });
  let streams: readonly Stream[] = [];
  let ending: Promise<void> | undefined;
  const endDeliveries: RunningDomain["endDeliveries"] = (endOptions) => {
    ending ??= Promise.all(streams.map((stream) => stream.stop(endOptions))).then(() => undefined);
    return ending;
  };
  return {
    name: domain.name,
    implementation,
    database,
    served: { implementation, execute: createExecute({ domain, database, schema, findTransport, published, logger }) },
    deliver: () => {
      if (ending === undefined && streams.length === 0) streams = startStreams();
    },
    endDeliveries,
    stop: async (stopOptions) => {
      clearInterval(forgetting);
      await endDeliveries(stopOptions);
      await relay?.stop();
      await presence.stop();
    },
  };
}

function publishersOf(implementation: Implementation, events: readonly string[]): readonly string[] {
  return [...neededEvents(implementation.domain)]
    .filter(([, published]) => published.some((event) => events.includes(event)))
    .map(([publisher]) => publisher);
}
