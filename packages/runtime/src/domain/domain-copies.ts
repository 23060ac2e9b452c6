import type { GrowthSignal } from "@polder/bus";
import type { Domain, Implementation, Logger } from "@polder/model";
import type { Database } from "@polder/postgres";
import { type KeptCopies, keepCopies, type ReadingSeams } from "@polder/reading";
import type { HostObserver } from "../observe/host-observer.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import { inDeliverySpan } from "./deliver.ts";
import type { DomainStreams } from "./domain-streams.ts";
import { eventsReader } from "./read-events.ts";
import { DAY_MS, type Retention } from "./retention.ts";

/** What the read models and replicas of a domain need. */
export interface DomainCopiesParts {
  readonly implementation: Implementation;
  readonly database: Database;
  readonly streams: DomainStreams;
  readonly growth: GrowthSignal;
  readonly findTransport: FindTransport;
  readonly instance: string;
  /** Told when other subscriptions run here than before. */
  readonly onSubscriptions: () => Promise<void>;
  readonly leaseMs?: number;
  readonly retention?: Pick<Retention, "buildsDays">;
  readonly logger: Logger;
  readonly observer: HostObserver;
}

/** Starts to keep the read models and replicas of a domain. */
export function startDomainCopies(parts: DomainCopiesParts): KeptCopies {
  const { implementation, database, streams, growth, instance, onSubscriptions, leaseMs, logger } = parts;
  const { domain, readModels, replicas } = implementation;
  const { buildsDays } = parts.retention ?? {};
  return keepCopies({
    domain,
    copies: [...readModels, ...replicas],
    database,
    source: streams.source,
    startStreams: streams.start,
    growth,
    instance,
    onSubscriptions,
    logger,
    seams: seamsOf(parts, domain),
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(buildsDays === undefined ? {} : { formerKeptMs: buildsDays * DAY_MS }),
  });
}

/** How long a page of what a replica is filled with may take, in milliseconds. */
const PAGE_MS_MAX = 30_000;

function seamsOf({ findTransport, logger, observer }: DomainCopiesParts, domain: Domain): ReadingSeams {
  const onMade = observer.metrics?.made;
  return {
    read: eventsReader(domain),
    handle: async (copied, events, run) => {
      const work = { domain: domain.name, handler: `${domain.name}.${copied.name}` };
      await inDeliverySpan(work, events, observer, run);
    },
    call: (signal) =>
      callsOf({
        domain,
        findTransport,
        isInTransaction: () => false,
        remainingMs: () => PAGE_MS_MAX,
        user: undefined,
        signal,
        logger,
        onMade,
      }),
  };
}
