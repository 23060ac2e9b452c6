import { type GrowthSignal, type Listening, listenForGrowth, neededEvents } from "@polder/bus";
import type { Domain, Implementation, Logger } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { CallDesk } from "./call-desk.ts";
import type { Retention } from "./domain/retention.ts";
import { type RunningDomain, runDomain } from "./domain/run-domain.ts";
import { type AddressOf, type DomainDatabases, openDomainDatabases } from "./domain-databases.ts";
import type { HostObserver } from "./observe/host-observer.ts";
import { requireBuilds, requireHome } from "./require-home.ts";

/** What {@link openRunningDomains} needs. */
export interface RunningDomainsOptions {
  readonly address: AddressOf;
  readonly leaseMs?: number;
  readonly connectionsMax?: number;
  readonly prepare?: boolean;
  readonly retention?: Retention;
  /** Where it runs, such as `production`. Default "development". */
  readonly environment?: string;
  readonly growth: GrowthSignal;
  readonly desk: CallDesk;
  readonly logger: Logger;
  readonly observer: HostObserver;
  /** Aborts when the process stops hard. */
  readonly signal: AbortSignal;
}

/** The domains at work in one process, and their databases. */
export interface RunningDomains {
  readonly running: ReadonlyMap<string, RunningDomain>;
  /** Brings domains to work; what failed has been opened as well and is closed by `close`. */
  readonly start: (implementations: readonly Implementation[]) => Promise<void>;
  /** Puts an implementation in the place of another; `served` is told when calls go to the new one. */
  readonly replace: (implementation: Implementation, served: () => void) => Promise<void>;
  readonly deliver: () => void;
  readonly endDeliveries: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes an empty set of running domains. */
export function openRunningDomains(options: RunningDomainsOptions): RunningDomains {
  const { growth, desk, logger, signal } = options;
  const databases = openDomainDatabases(options);
  const running = new Map<string, RunningDomain>();
  const listening = openListening({ databases, growth, logger });
  const listen = (): Promise<void> => listening.to([...running.values()]);

  const open = async (implementation: Implementation): Promise<RunningDomain> => {
    const { name } = implementation.domain;
    const database = databases.of(name);
    await requireHome(database, name);
    await requireBuilds(database, implementation);
    const publisherDatabase = (publisher: string): Database => databases.reading(publisher, name);
    const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
    return await runDomain({
      ...options,
      implementation,
      database,
      publisherDatabase,
      findTransport: desk.findTransport,
      ...lease,
    });
  };
  const serve = (): void => desk.serve([...running.values()].map(({ served }) => served));
  return {
    running,
    start: async (implementations) => {
      desk.requireReachable(implementations.map(domainOf), implementations.map(nameOf));
      for (const implementation of implementations) running.set(nameOf(implementation), await open(implementation));
      serve();
      await listen();
    },
    replace: async (implementation, served) => {
      const name = nameOf(implementation);
      desk.requireReachable([implementation.domain], [name]);
      const before = running.get(name);
      const after = await open(implementation);
      running.set(name, after);
      try {
        serve();
      } catch (error) {
        if (before === undefined) running.delete(name);
        else running.set(name, before);
        await after.stop({ signal });
        throw error;
      }
      served();
      await before?.endDeliveries({ signal });
      after.deliver();
      await before?.stop({ signal });
      await listen();
    },
    deliver: () => {
      for (const domain of running.values()) domain.deliver();
    },
    endDeliveries: async () => {
      await Promise.all([...running.values()].map((domain) => domain.endDeliveries({ signal })));
    },
    close: async () => {
      await Promise.all([...running.values()].map((domain) => domain.stop({ signal })));
      await listening.stop();
      await databases.close();
    },
  };
}

function keepsCopies({ implementation: { readModels, replicas } }: RunningDomain): boolean {
  return readModels.length + replicas.length > 0;
}

function neededPublishers({ name, implementation }: RunningDomain) {
  return [...neededEvents(implementation.domain).keys()].map((publisher) => ({ name, publisher }));
}

function domainOf({ domain }: Implementation): Domain {
  return domain;
}

function nameOf(implementation: Implementation): string {
  return implementation.domain.name;
}

/** Hears of growth in all databases that matter to the domains of this process. */
interface DomainsListening {
  /** Listens for what these need from now on. */
  readonly to: (running: readonly RunningDomain[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

function openListening(options: {
  readonly databases: DomainDatabases;
  readonly growth: GrowthSignal;
  readonly logger: Logger;
}): DomainsListening {
  const { databases, growth, logger } = options;
  let listening: { readonly to: string; readonly all: readonly Listening[] } | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all((listening?.all ?? []).map((one) => one.stop()));
  };
  return {
    to: async (running) => {
      const needs = running.flatMap(neededPublishers);
      const keepers = running.filter(keepsCopies).map(({ name }) => name);
      const publishers = [...new Set([...needs.map(({ publisher }) => publisher), ...keepers])].sort();
      // A publisher's database says that its log has grown, a consumer's own that something parked is to be tried, or that
      // a build of a read model has taken its place.
      const places = databases.eachPlace([
        ...needs.flatMap(({ name, publisher }) => [databases.of(name), databases.reading(publisher, name)]),
        ...keepers.map(databases.of),
      ]);
      const to = [...publishers, ...[...places.keys()].sort()].join();
      if (listening?.to === to) return;
      await stop();
      const all = [...places.values()].map((database) => listenForGrowth({ database, publishers, growth, logger }));
      listening = { to, all };
    },
    stop,
  };
}
