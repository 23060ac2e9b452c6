import { randomUUID } from "node:crypto";
import {
  growthSignal,
  type HandleEvents,
  type Listening,
  type LoggedEvent,
  listenForGrowth,
  type Presence,
  postgresSource,
  runStream,
  type Stream,
  sharedSource,
  startPresence,
} from "@polder/bus";
import { subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import { OrderChanged } from "../events/contenders/polder-domains.ts";
import type { Payload } from "../events/workload.ts";
import { nowMs } from "./clock.ts";
import { type DomainName, databasesOf, subscriptionNames } from "./layout.ts";
import { type Address, domains, openAs } from "./set-up.ts";

/** What a process has handled since it was asked to count anew. */
export interface Handled {
  /** Events by subscription. */
  readonly counts: readonly number[];
  /** When the last one was handled, by the clock that the processes share; 0 when none was. */
  readonly lastMs: number;
  /** Processor time of this process in milliseconds. */
  readonly cpuMs: number;
}

/** A process that consumes. */
export interface Consumer {
  /** Takes its share of so many subscriptions, from now on. */
  readonly start: (options: { readonly subscriptions: number; readonly databases: number }) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly begin: () => Promise<void>;
  readonly handled: () => Promise<Handled>;
  /** Milliseconds from sending the commit to the beginning of the handler, of everything since `begin`. */
  readonly lags: () => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
}

/** A lease, in milliseconds: ranges are shared anew within a third of it. */
const LEASE_MS = 3_000;

/** Opens a consumer at a server. */
export function openConsumer(address: Address): Consumer {
  const counting = openCounting();
  let running: AsyncDisposableStack | undefined;
  const stop = async (): Promise<void> => {
    await running?.disposeAsync();
    running = undefined;
  };
  return {
    start: async ({ subscriptions, databases }) => {
      counting.begin(subscriptions);
      running = await startStreams(address, { subscriptions, databases }, counting.handled);
    },
    stop,
    begin: async () => counting.begin(),
    handled: async () => counting.sofar(),
    lags: async () => counting.lags(),
    close: stop,
  };
}

type Handle = (subscription: number, payload: Sent) => void;

/** The payload, with the moment at which its commit was sent. */
interface Sent extends Payload {
  readonly sentAtMs: number;
}

async function startStreams(
  address: Address,
  { subscriptions, databases }: { readonly subscriptions: number; readonly databases: number },
  handled: Handle,
): Promise<AsyncDisposableStack> {
  const opened = new AsyncDisposableStack();
  const growth = growthSignal();
  const instance = randomUUID();
  const named = subscriptionNames(subscriptions).map((one, number) => ({ ...one, number }));
  const listening = new Map<string, Database>();
  for (const domain of ["billing", "shipping"] as const) {
    const mine = named.filter((one) => one.domain === domain);
    if (mine.length === 0) continue;
    const database = opened.use(openAs(address, databases, domain));
    const reading = livesApart(domain, databases)
      ? opened.use(openAs(address, databases, domain, "ordering"))
      : database;
    for (const one of [database, reading]) listening.set(one.target.database, one);
    const presence: Presence = await startPresence({
      domain,
      database,
      instance,
      leaseMs: LEASE_MS,
      subscriptions: () => mine.map(({ name }) => name),
    });
    opened.defer(() => presence.stop());
    const source = sharedSource({
      source: postgresSource({ publisher: "ordering", database: reading, growth }),
      events: [OrderChanged.name],
    });
    const streams = mine.map(({ name, number }): Stream => {
      const declared = subscription(
        domains[domain],
        name,
        { "ordering.OrderChanged": async () => undefined },
        { from: "now" },
      );
      const handle = number === 0 ? writing(handled) : counting(number, handled);
      return runStream({ subscription: declared, source, database, instance, handle, leaseMs: LEASE_MS });
    });
    opened.defer(async () => void (await Promise.all(streams.map((stream) => stream.stop()))));
  }
  const all: readonly Listening[] = [...listening.values()].map((database) =>
    listenForGrowth({ database, publishers: ["ordering"], growth }),
  );
  opened.defer(async () => void (await Promise.all(all.map((one) => one.stop()))));
  return opened;
}

function livesApart(domain: DomainName, databases: number): boolean {
  const databaseOf = databasesOf(databases);
  return databaseOf[domain] !== databaseOf.ordering;
}

/** The first subscription writes a row for each event. */
function writing(handled: Handle): HandleEvents {
  return async (events, transaction) => {
    if (transaction === undefined) throw new Error("A handler inside the database has a transaction");
    for (const { data } of events) {
      const sent = JSON.parse(data) as Sent;
      handled(0, sent);
      await transaction.sql`insert into sink (key, version) values (${sent.orderId}, ${sent.version})`;
    }
    return { last: [] };
  };
}

/** The others only get it. */
function counting(number: number, handled: Handle): HandleEvents {
  return async (events: readonly LoggedEvent[]) => {
    for (const { data } of events) handled(number, JSON.parse(data) as Sent);
    return { last: [] };
  };
}

interface Counting {
  readonly handled: Handle;
  readonly begin: (subscriptions?: number) => void;
  readonly sofar: () => Handled;
  readonly lags: () => readonly number[];
}

function openCounting(): Counting {
  let counts: number[] = [];
  let lags: number[] = [];
  let lastMs = 0;
  let cpu = process.cpuUsage();
  return {
    handled: (number, { sentAtMs }) => {
      lastMs = nowMs();
      counts[number] = (counts[number] ?? 0) + 1;
      lags.push(lastMs - sentAtMs);
    },
    begin: (subscriptions = counts.length) => {
      counts = Array.from({ length: subscriptions }, () => 0);
      lags = [];
      lastMs = 0;
      cpu = process.cpuUsage();
    },
    sofar: () => {
      const { user, system } = process.cpuUsage(cpu);
      return { counts, lastMs, cpuMs: (user + system) / 1_000 };
    },
    lags: () => lags,
  };
}
