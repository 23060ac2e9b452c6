import { randomUUID } from "node:crypto";
import { domain, event, type Logger, need, type Subscription, silentLogger, team } from "@polder/model";
import { type Database, homeOf, homeSteps, type OutboxEvent, outboxInsert, provision } from "@polder/postgres";
import type { TestContent, TestDatabase } from "@polder/postgres/testing";
import { z } from "zod";
import {
  busDomainSteps,
  busNeedSteps,
  busSystemSteps,
  type CrashPoint,
  type GrowthSignal,
  growthSignal,
  type HandleEvents,
  noCrash,
  postgresSource,
  type Relay,
  runStream,
  type Stream,
  startPresence,
  startRelay,
} from "../src/index.ts";

// Two domains for tests: Sales publishes that goods were sold, Ledger writes each sale down.

export const Sold = event("sales.Sold", {
  key: "article",
  versions: { "1.0.0": z.object({ article: z.string(), n: z.int() }) },
});
export const Returned = event("sales.Returned", {
  key: "article",
  versions: { "1.0.0": z.object({ article: z.string(), n: z.int() }) },
});
const keepers = team("Keepers", { contact: "#keepers" });
export const sales = domain("sales", { owner: keepers, capability: "Sell goods", publishes: [Sold, Returned] });
export const ledger = domain("ledger", {
  owner: keepers,
  capability: "Write down what is sold",
  needs: [need(Sold, "1.0.0"), need(Returned, "1.0.0")],
});

const tables: Readonly<Record<string, string>> = {
  sales: "set role sales_owner; create table sales.article (article text primary key, n integer not null default 0)",
  ledger:
    "set role ledger_owner; create table ledger.entry (id bigint generated always as identity primary key, event_id uuid not null, seq bigint not null, article text not null, n integer not null, worker text not null default '')",
};

/** Both domains at home in one database. */
export const wholesaleHomes: TestContent = {
  of: [tables, busSystemSteps(), ["sales", "ledger"].map((name) => busDomainSteps(name))],
  fill: (database) => provisionWholesale(database),
};

/**
 * Gives both domains their home, and Ledger a table that tells what it has handled, in the order in which it did. With a
 * second database Ledger lives there, and has a login and no home in the first one.
 */
export async function provisionWholesale(database: TestDatabase, ofLedger: TestDatabase = database): Promise<void> {
  const all = ["sales", "ledger"];
  for (const one of new Set([database, ofLedger])) {
    const here = all.filter((name) => (name === "ledger" ? ofLedger : database) === one);
    const homes = here.map(homeOf);
    await provision({
      admin: one.admin,
      homes,
      guests: one === database && !here.includes("ledger") ? [homeOf("ledger")] : [],
      scopes: [
        busSystemSteps(),
        ...homes.map(homeSteps),
        ...here.map((name) => busDomainSteps(name)),
        ...[sales, ledger].map((declared) => busNeedSteps(declared, (publisher) => here.includes(publisher))),
      ],
      password: one.password,
    });
    const asOwner = await one.admin.connect();
    try {
      for (const name of here) await asOwner.query(tables[name] ?? "");
    } finally {
      await asOwner.end();
    }
  }
}

/** An event of Sales as the outbox takes it. */
export function sold(article: string, n: number, type: "sales.Sold" | "sales.Returned" = "sales.Sold"): OutboxEvent {
  return {
    id: randomUUID(),
    key: article,
    type,
    version: "1.0.0",
    data: JSON.stringify({ article, n }),
    headers: null,
  };
}

/** Publishes events in one transaction of their own. */
export async function publish(database: Database, ...events: readonly OutboxEvent[]): Promise<void> {
  await database.begin().commit([outboxInsert("sales", events)]);
}

/** Writes each event into Ledger's table. */
export const writeEntries: HandleEvents = async (events, tx) => {
  if (tx === undefined) throw new Error("an entry needs a transaction");
  for (const { id, seq, key, data } of events) {
    const { n } = JSON.parse(data) as { n: number };
    await tx.sql`insert into entry (event_id, seq, article, n) values (${id}, ${String(seq)}, ${key}, ${n})`;
  }
  return { last: [] };
};

/** A subscription of Ledger, as the model declares it. */
export function ledgerSubscription(options: Partial<Subscription> = {}): Subscription {
  const handlers = Object.fromEntries((options.events ?? ["sales.Sold"]).map((name) => [name, async () => undefined]));
  return {
    kind: "subscription",
    domain: "ledger",
    name: "write-down",
    mode: "each",
    events: ["sales.Sold"],
    options: {},
    handlers,
    ...options,
  };
}

/** Sales and Ledger at work in this process. */
export interface Wholesale extends AsyncDisposable {
  readonly sales: Database;
  readonly ledger: Database;
  readonly growth: GrowthSignal;
  readonly relay: Relay;
  /** Starts a subscription of Ledger as a process of its own would. */
  readonly subscribe: (options?: {
    readonly subscription?: Subscription;
    readonly handle?: HandleEvents;
    readonly leaseMs?: number;
    readonly instance?: string;
    /** What the process says that it runs. Default: nothing said. */
    readonly subscriptions?: readonly string[];
    readonly crashPoint?: CrashPoint;
    readonly logger?: Logger;
  }) => Promise<Stream>;
  /** What Ledger has written down, in the order in which it did. */
  readonly entries: () => Promise<readonly { readonly article: string; readonly n: number; readonly seq: string }[]>;
}

/** Starts the relay of Sales; subscriptions are started by the test. Everything stops when it is disposed. */
export function openWholesale(
  database: TestDatabase,
  options: { readonly crashPoint?: CrashPoint; readonly rowsPerPartition?: number } = {},
): Wholesale {
  const salesDatabase = database.openAs(homeOf("sales"));
  const ledgerDatabase = database.openAs(homeOf("ledger"));
  const growth = growthSignal();
  const { crashPoint = noCrash } = options;
  const partitions = options.rowsPerPartition === undefined ? {} : { rowsPerPartition: options.rowsPerPartition };
  const relay = startRelay({ domain: "sales", database: salesDatabase, growth, pollMs: 50, crashPoint, ...partitions });
  const stops: (() => Promise<void>)[] = [];
  return {
    sales: salesDatabase,
    ledger: ledgerDatabase,
    growth,
    relay,
    subscribe: async ({
      subscription = ledgerSubscription(),
      handle = writeEntries,
      leaseMs = 3_000,
      instance = randomUUID(),
      subscriptions,
      crashPoint: point = crashPoint,
      logger = silentLogger,
    } = {}) => {
      const says = subscriptions === undefined ? {} : { subscriptions: () => subscriptions };
      const presence = await startPresence({ domain: "ledger", database: ledgerDatabase, instance, leaseMs, ...says });
      const source = postgresSource({ publisher: "sales", database: ledgerDatabase, growth });
      const stream = runStream({
        subscription,
        source,
        database: ledgerDatabase,
        instance,
        handle,
        leaseMs,
        pollMs: 100,
        crashPoint: point,
        logger,
      });
      const stop = async (): Promise<void> => {
        await stream.stop();
        await presence.stop();
      };
      stops.push(stop);
      return { ...stream, stop };
    },
    entries: async () => {
      const { rows } = await ledgerDatabase.query<{ article: string; n: number; seq: string }>(
        "select article, n, seq from entry order by id",
      );
      return rows;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await relay.stop();
      await salesDatabase.close();
      await ledgerDatabase.close();
    },
  };
}

/** The subscriptions for which the log of Sales keeps what they have not seen. */
export async function subscriptionsOf(admin: Database): Promise<readonly string[]> {
  const { rows } = await admin.query<{ subscription: string }>(
    "select subscription from polder.subscriber where publisher = 'sales' order by subscription collate \"C\"",
  );
  return rows.map(({ subscription }) => subscription);
}
