import { type GrowthSignal, type Listening, listenForGrowth, neededEvents } from "@polder/bus";
import type { Implementation, Logger } from "@polder/model";
import { type Database, type DatabaseAddress, homeOf, openDatabase } from "@polder/postgres";
import type { CallDesk } from "./call-desk.ts";
import { type RunningDomain, runDomain } from "./domain/run-domain.ts";
import type { HostObserver } from "./observe/host-observer.ts";
import { requireHome } from "./require-home.ts";

/** What {@link openRunningDomains} needs. */
export interface RunningDomainsOptions {
  readonly address: (domain: string) => DatabaseAddress;
  readonly leaseMs?: number;
  readonly connectionsMax?: number;
  readonly prepare?: boolean;
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
  const databases = new Map<string, Database>();
  const running = new Map<string, RunningDomain>();
  let listening: { readonly to: string; readonly stop: Listening["stop"] } | undefined;

  const open = async (implementation: Implementation): Promise<RunningDomain> => {
    const { name } = implementation.domain;
    const database = databases.get(name) ?? openDomainDatabase(options, name);
    databases.set(name, database);
    await requireHome(database, name);
    const lease = options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs };
    return await runDomain({ ...options, implementation, database, findTransport: desk.findTransport, ...lease });
  };
  const serve = (): void => desk.serve([...running.values()].map(({ served }) => served));
  const listen = async (): Promise<void> => {
    const needed = [...running.values()].flatMap(({ implementation }) => [
      ...neededEvents(implementation.domain).keys(),
    ]);
    const publishers = [...new Set(needed)].sort();
    const to = publishers.join();
    const [first] = databases.values();
    if (first === undefined || listening?.to === to) return;
    await listening?.stop();
    listening = { to, stop: listenForGrowth({ database: first, publishers, growth, logger }).stop };
  };
  return {
    running,
    start: async (implementations) => {
      desk.requireReachable(
        implementations.map(({ domain }) => domain),
        implementations.map(nameOf),
      );
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
      await listening?.stop();
      await Promise.all([...databases.values()].map((database) => database.close()));
    },
  };
}

function nameOf(implementation: Implementation): string {
  return implementation.domain.name;
}

function openDomainDatabase(options: RunningDomainsOptions, domain: string): Database {
  return openDatabase({
    ...options.address(domain),
    schema: homeOf(domain).schema,
    applicationName: `polder ${domain}`,
    ...(options.connectionsMax === undefined ? {} : { connectionsMax: options.connectionsMax }),
    ...(options.prepare === undefined ? {} : { prepare: options.prepare }),
    logger: options.logger,
    observer: options.observer.ofDatabase(domain),
  });
}
