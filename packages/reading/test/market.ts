import { randomUUID } from "node:crypto";
import {
  busDomainSteps,
  busNeedSteps,
  busSystemSteps,
  deploymentOf,
  type GrowthSignal,
  growthSignal,
  type HandleEvents,
  positionOf,
  positionOfNow,
  postgresSource,
  type Relay,
  runStream,
  type Stream,
  startPresence,
  startRelay,
} from "@polder/bus";
import { domain, event, need, type Subscription, team, writePosition } from "@polder/model";
import {
  type Database,
  homeOf,
  homeSteps,
  type OutboxEvent,
  outboxInsert,
  provision,
  publishedXid,
} from "@polder/postgres";
import type { TestDatabase } from "@polder/postgres/testing";
import { z } from "zod";
import { type Freshness, openFreshness, type ServingCopy } from "../src/index.ts";

// Three domains for tests: Sales and Stock say what happens to goods, Ledger keeps a copy of what they say.

const goods = { "1.0.0": z.object({ article: z.string() }) };
const Sold = event("sales.Sold", { key: "article", versions: goods });
const Returned = event("sales.Returned", { key: "article", versions: goods });
const Counted = event("stock.Counted", { key: "article", versions: goods });
const shape = { owner: team("Keepers", { contact: "#keepers" }), capability: "Keep goods" };
const domains = [
  domain("sales", { ...shape, publishes: [Sold, Returned] }),
  domain("stock", { ...shape, publishes: [Counted] }),
  domain("ledger", { ...shape, needs: [need(Sold, "1.0.0"), need(Returned, "1.0.0"), need(Counted, "1.0.0")] }),
];

/** What a subscription stands in for: a copy of Ledger, built from sales and counts, but not from what comes back. */
export const entries: ServingCopy = {
  name: "entries",
  subscription: "read-model-entries-v1",
  isFilled: true,
  publishers: ["sales", "stock"],
  events: ["sales.Sold", "stock.Counted"],
};

/** Gives the domains their homes, and Ledger the table of its copy. */
export async function provisionMarket({ admin, password }: TestDatabase): Promise<void> {
  const homes = domains.map(({ name }) => homeOf(name));
  await provision({
    admin,
    password,
    homes,
    scopes: [
      busSystemSteps(),
      ...homes.map(homeSteps),
      ...domains.map(({ name }) => busDomainSteps(name)),
      ...domains.map((one) => busNeedSteps(one)),
    ],
  });
  await admin.query("create table ledger.entry (event_id uuid primary key, article text not null)");
  await admin.query("grant select, insert on ledger.entry to ledger_app");
}

/** An event of Sales, or of Stock, as an outbox takes it. */
export function about(article: string, type = "sales.Sold"): OutboxEvent {
  const data = JSON.stringify({ article });
  return { id: randomUUID(), key: article, type, version: "1.0.0", data, headers: null };
}

/** What was published, and its position as callers get it. */
export interface Published {
  readonly position: string;
  readonly ids: readonly string[];
}

/** Writes each event into Ledger's copy. */
export const writeEntries: HandleEvents = async (events, transaction) => {
  for (const { id, key } of events)
    await transaction?.query("insert into entry (event_id, article) values ($1, $2)", [id, key]);
  return { last: [] };
};

/** The domains at work in this process; nothing moves before it is told to. */
export interface Market extends AsyncDisposable {
  readonly ledger: Database;
  readonly growth: GrowthSignal;
  readonly freshness: Freshness;
  /** Publishes events of one domain in one transaction. */
  readonly publish: (...events: readonly OutboxEvent[]) => Promise<Published>;
  /** The same, with the commit in the caller's hands. */
  readonly begin: (...events: readonly OutboxEvent[]) => Promise<{ readonly commit: () => Promise<Published> }>;
  /** The position of all that Sales has published since a moment. */
  readonly salesSince: (since: Date) => Promise<string>;
  readonly startRelay: (domain: string) => Relay;
  /** Starts to keep the copy as a process of its own would. */
  readonly subscribe: (options?: {
    readonly handle?: HandleEvents;
    readonly options?: Subscription["options"];
  }) => Promise<readonly Stream[]>;
  /** Those of the events that the copy has. */
  readonly found: (ids: readonly string[]) => Promise<readonly string[]>;
}

/** Opens the domains of a database. `ofLedger` makes something else of Ledger's database for its freshness. */
export async function openMarket(
  database: TestDatabase,
  ofLedger: (ledger: Database) => Database = (ledger) => ledger,
): Promise<Market> {
  await using opened = new AsyncDisposableStack();
  const open = (name: string): Database => opened.use(database.openAs(homeOf(name)));
  const publishers = new Map(["sales", "stock"].map((name) => [name, open(name)]));
  const ledger = open("ledger");
  const deployment = await deploymentOf(ledger);
  const growth = growthSignal();
  const looked = ofLedger(ledger);
  const freshness = openFreshness({
    domain: "ledger",
    database: looked,
    publisherDatabase: () => looked,
    growth,
    copies: async () => [entries],
  });
  const begin = beginOf(publishers, deployment);
  const all = opened.move();
  return {
    ledger,
    growth,
    freshness,
    begin,
    publish: async (...events) => await (await begin(...events)).commit(),
    salesSince: async (since) => {
      const sales = publishers.get("sales") as Database;
      return writePosition(await positionOfNow(sales, { publisher: "sales", deployment }, since));
    },
    startRelay: (name) => {
      const relay = startRelay({ domain: name, database: publishers.get(name) as Database, growth, pollMs: 20 });
      all.defer(relay.stop);
      return relay;
    },
    subscribe: async ({ handle = writeEntries, options = {} } = {}) => {
      const instance = randomUUID();
      const shared = { database: ledger, instance, leaseMs: 3_000 };
      const presence = await startPresence({ domain: "ledger", ...shared });
      all.defer(presence.stop);
      return entries.publishers.map((publisher) => {
        const source = postgresSource({ publisher, database: ledger, growth });
        const telling: HandleEvents = async (...delivered) => {
          const handled = await handle(...delivered);
          return { ...handled, committed: () => freshness.handled(entries.subscription) };
        };
        const subscription = entriesSubscription(options);
        const stream = runStream({ ...shared, subscription, source, handle: telling, pollMs: 50 });
        all.defer(stream.stop);
        return stream;
      });
    },
    found: async (ids) => {
      const { rows } = await ledger.query<{ id: string }>(
        "select event_id as id from entry where event_id = any ($1)",
        [ids],
      );
      return rows.map(({ id }) => id);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function beginOf(publishers: ReadonlyMap<string, Database>, deployment: string): Market["begin"] {
  return async (...events) => {
    const [publisher = ""] = (events[0]?.type ?? "").split(".");
    const transaction = (publishers.get(publisher) as Database).begin();
    const xid = publishedXid(await transaction.run(outboxInsert(publisher, events)));
    return {
      commit: async () => {
        await transaction.commit();
        const position = writePosition({ ...positionOf({ publisher, deployment }, events), xid });
        return { position, ids: events.map(({ id }) => id) };
      },
    };
  };
}

/** The subscription that feeds the copy. */
export function entriesSubscription(options: Subscription["options"]): Subscription {
  const { subscription: name, events } = entries;
  return { kind: "subscription", domain: "ledger", name, mode: "each", events, options, handlers: {} };
}
