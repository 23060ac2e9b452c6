// A process of the fault tests: publishes sales, relays them, and writes them down by two subscriptions, until it is
// killed or told to settle.
import { randomUUID } from "node:crypto";
import { homeOf, openDatabase, outboxInsert } from "@polder/postgres";
import { openWorker, until } from "@polder/postgres/testing";
import {
  growthSignal,
  type HandleEvents,
  logHead,
  postgresSource,
  runStream,
  sharedSource,
  startPresence,
  startRelay,
  subscriptionStatus,
} from "../src/index.ts";
import type { FaultAddresses } from "./faults.ts";
import { ledgerSubscription, sold } from "./wholesale.ts";

const worker = openWorker<FaultAddresses>();
const { argument: addresses, crashPoint } = worker;

/** What was published while others died may be much, on a machine that is busy otherwise. */
const SETTLE_MS_MAX = 120_000;
// A process that stands still inside a transaction holds its locks; PostgreSQL ends it after this long.
const patience = { idleInTransactionTimeoutMs: 500 };
const sales = openDatabase({ ...addresses.sales, schema: homeOf("sales").schema, ...patience });
const ledger = openDatabase({ ...addresses.ledger, schema: homeOf("ledger").schema, ...patience });
const reader = openDatabase(addresses.reader);
const salesAdmin = openDatabase(addresses.salesAdmin);
const ledgerAdmin = openDatabase(addresses.ledgerAdmin);
const growth = growthSignal();
const relay = startRelay({ domain: "sales", database: sales, growth, pollMs: 50, stepEventsMax: 20, crashPoint });
const instance = randomUUID();
const leaseMs = 600;
const presence = await startPresence({ domain: "ledger", database: ledger, instance, leaseMs });
const source = sharedSource({
  source: postgresSource({ publisher: "sales", database: reader, growth }),
  events: ["sales.Sold"],
});
const write =
  (worker: string): HandleEvents =>
  async (events, transaction) => {
    for (const { id, seq, key, data } of events) {
      const { n } = JSON.parse(data) as { n: number };
      await transaction?.query("insert into entry (event_id, seq, article, n, worker) values ($1, $2, $3, $4, $5)", [
        id,
        String(seq),
        key,
        n,
        worker,
      ]);
    }
    return { last: [] };
  };
const streams = (["each", "batch"] as const).map((mode) =>
  runStream({
    subscription: ledgerSubscription({ name: `write-${mode}`, mode, options: { batchSizeMax: 40 } }),
    source,
    database: ledger,
    instance,
    handle: write(mode),
    leaseMs,
    pollMs: 50,
    crashPoint,
  }),
);

/** One sale: the article's number and the event about it commit together, or not at all. */
async function sell(article: string, sale: number): Promise<void> {
  const transaction = sales.begin();
  const { rows } = await transaction.query<{ n: number }>(
    "insert into article (article, n) values ($1, 1) on conflict (article) do update set n = article.n + 1 returning n",
    [article],
  );
  const n = rows[0]?.n ?? 0;
  crashPoint("publish:before-commit");
  // Some transactions end otherwise: their numbers and events vanish together.
  if (sale % 11 === 10) return await transaction.rollback();
  await transaction.commit([outboxInsert("sales", [sold(article, n)])]);
  crashPoint("publish:after-commit");
  relay.wake();
}

let isSelling = true;
const selling = Promise.all(
  Array.from({ length: 3 }, async (_, seller) => {
    for (let sale = 0; isSelling; sale += 1) {
      await worker.turn();
      await sell(`article-${(seller + sale * 7) % 12}`, sale).catch(() => undefined);
      worker.done();
    }
  }),
);
worker.ready(async () => {
  isSelling = false;
  await selling;
  await until(
    async () => {
      const { rows } = await salesAdmin.query<{ left: number }>(
        "select count(*)::int as left from sales._outbox o where not exists (select from polder.log_sales l where l.event_id = o.event_id)",
      );
      const statuses = await subscriptionStatus(ledgerAdmin, "ledger", (publisher) => logHead(salesAdmin, publisher));
      return (
        rows[0]?.left === 0 && statuses.length === 2 && statuses.every(({ lag, parked }) => lag === 0 && parked === 0)
      );
    },
    "everything is delivered",
    SETTLE_MS_MAX,
  );
  await Promise.all(streams.map((stream) => stream.stop()));
  await relay.stop();
  await presence.stop();
  await Promise.all([sales, ledger, reader, salesAdmin, ledgerAdmin].map((one) => one.close()));
});
