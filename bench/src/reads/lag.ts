import { randomUUID } from "node:crypto";
import { growthSignal, startRelay } from "@polder/bus";
import { openDatabase, outboxInsert } from "@polder/postgres";
import { createDatabase } from "../create-database.ts";
import { percentile } from "../figure.ts";
import { startRemote } from "../remote-process.ts";
import { historyDomain } from "./history.ts";
import { bareHistory } from "./order-history.ts";
import type { ReadsOptions } from "./pages.ts";
import type { RebuildMethods } from "./rebuild-process.ts";
import { addressIn, customerIdOf, openAdmin, setUpHistory } from "./set-up.ts";
import { sources } from "./sources.ts";

/** Transactions of the publisher under way at once at most. */
const AT_ONCE = 16;

/**
 * Measures how long it takes from the commit of an order until it can be read in the read model, at a steady rate: one
 * process publishes and relays, another keeps the read model, and a third looks what is there, again and again.
 */
export async function measureLag(
  plan: { readonly rounds: number; readonly perSecond: number; readonly seconds: number },
  { server, samples, signal, progress }: ReadsOptions,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const address = await createDatabase(server, "lag");
  await setUpHistory(address, [...sources, { ...historyDomain, readModels: [bareHistory] }]);
  const admin = opened.use(openAdmin(address));
  opened.use(
    await startRemote<RebuildMethods>({
      name: "keeper",
      url: new URL("./rebuild-process.ts", import.meta.url),
      opening: address,
    }),
  );
  const database = opened.use(
    openDatabase({ ...addressIn(address)("orders"), schema: "orders", connectionsMax: AT_ONCE }),
  );
  const relay = startRelay({ domain: "orders", database, growth: growthSignal() });
  opened.defer(relay.stop);
  let from = 0;
  for (let round = 0; round <= plan.rounds; round += 1) {
    signal.throwIfAborted();
    progress(round === 0 ? "lag: warming up" : `lag, round ${round} of ${plan.rounds}`);
    const events = plan.perSecond * plan.seconds;
    const committedMs: number[] = [];
    const lags: number[] = [];
    const first = from;
    from += events;
    const publishing = publish({ ...plan, first, events, committedMs }, async (number) => {
      const data = { orderId: randomUUID(), customerId: customerIdOf(number % 1_000), totalCents: 100, number };
      const event = { id: randomUUID(), key: data.orderId, type: "orders.Placed", version: "1.0.0" };
      await database
        .begin()
        .commit([outboxInsert("orders", [{ ...event, data: JSON.stringify(data), headers: null }])]);
      relay.wake();
    });
    // Orders become visible in the order of the log, which is nearly that of their numbers: what is counted are rows.
    for (let seen = 0; seen < events; ) {
      const { rows } = await admin.query<{ count: number }>(
        "select count(*)::int as count from history.order_history where number >= $1",
        [first],
      );
      const nowMs = performance.now();
      for (const count = rows[0]?.count ?? 0; seen < count; seen += 1) lags.push(nowMs - (committedMs[seen] ?? nowMs));
    }
    await publishing;
    if (round === 0) continue;
    lags.sort((a, b) => a - b);
    samples.add("lag.p50", percentile(lags, 0.5), "ms");
    samples.add("lag.p99", percentile(lags, 0.99), "ms");
  }
}

interface Publishing {
  readonly perSecond: number;
  readonly first: number;
  readonly events: number;
  /** Gets the time of each commit, in the order in which they come. */
  readonly committedMs: number[];
}

/** Publishes at a steady rate: each event when its time has come. */
async function publish(
  { perSecond, first, events, committedMs }: Publishing,
  one: (number: number) => Promise<void>,
): Promise<void> {
  const begunMs = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let number = 0; number < events; number += 1) {
    const dueMs = begunMs + (number * 1_000) / perSecond;
    while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1));
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    const publishing = one(first + number).then(() => {
      committedMs.push(performance.now());
      underWay.delete(publishing);
    });
    underWay.add(publishing);
  }
  await Promise.all(underWay);
}
