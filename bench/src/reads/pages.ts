import type { BenchServer } from "../bench-server.ts";
import type { BenchmarkOptions } from "../benchmark.ts";
import { createDatabase } from "../create-database.ts";
import { percentile } from "../figure.ts";
import { startRemote } from "../remote-process.ts";
import type { Samples } from "../samples.ts";
import { historyDomain } from "./history.ts";
import type { ReaderMethods, Reading, Way } from "./reader-process.ts";
import { fillHistory, openAdmin, setUpHistory } from "./set-up.ts";
import { sources } from "./sources.ts";
import type { SourcesMethods } from "./sources-process.ts";

/** What every part of the benchmark needs. */
export interface ReadsOptions extends BenchmarkOptions {
  readonly samples: Samples;
  readonly server: BenchServer;
}

/** The pages, and the single calls by which they are judged. */
const ways: readonly Way[] = [
  "composed",
  "flat",
  "naive",
  "kept",
  "replica",
  "customer",
  "orders",
  "payments",
  "shipments",
  "paymentsOfCustomer",
  "shipmentsOfCustomer",
];

/** What is compared where every answer of the owners takes {@link LATER_MS} longer. */
const waitingWays: readonly Way[] = [
  "composed",
  "flat",
  "customer",
  "orders",
  "paymentsOfCustomer",
  "shipmentsOfCustomer",
];
const LATER_MS = 20;

/** Milliseconds within which the read model and the replica are filled. */
const READY_MS_MAX = 600_000;

/**
 * Measures one page at a time: the owners of the data in one process, the domain that shows it in another. Ideal is the
 * slowest of the calls that could be made at once; the critical path is that of the calls that need each other.
 */
export async function measurePages(
  plan: { readonly rounds: number; readonly customers: number; readonly orders: number; readonly times: number },
  { samples, server, signal, progress }: ReadsOptions,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const address = await createDatabase(server, "pages");
  progress(`pages: filling in ${plan.orders} orders`);
  await setUpHistory(address, [...sources, historyDomain]);
  const admin = opened.use(openAdmin(address));
  await fillHistory(admin, plan);
  const serving = opened.use(
    await startRemote<SourcesMethods>({
      name: "sources",
      url: new URL("./sources-process.ts", import.meta.url),
      opening: address,
    }),
  );
  const opening: Reading = { server: address, url: await serving.ask("url") };
  const reader = opened.use(
    await startRemote<ReaderMethods>({ name: "reader", url: new URL("./reader-process.ts", import.meta.url), opening }),
  );
  progress("pages: waiting for the read model and the replica");
  await ready(plan, async (text) => (await admin.query<{ count: number }>(text)).rows[0]?.count ?? 0, signal);
  await admin.query("vacuum analyze");
  await reader.ask("learn", Math.min(plan.customers, plan.times));
  for (let round = 0; round <= plan.rounds; round += 1) {
    progress(round === 0 ? "pages: warming up" : `pages, round ${round} of ${plan.rounds}`);
    const inOrder = (list: readonly Way[]): readonly Way[] => (round % 2 === 0 ? list : list.toReversed());
    const taken = async (list: readonly Way[], suffix = ""): Promise<(way: Way) => number> => {
      const p50 = new Map<Way, number>();
      for (const way of inOrder(list)) {
        signal.throwIfAborted();
        const times = (await reader.ask("go", { way, times: plan.times })).toSorted((a, b) => a - b);
        p50.set(way, percentile(times, 0.5));
        if (round === 0) continue;
        samples.add(`${way}.p50${suffix}`, percentile(times, 0.5), "ms");
        samples.add(`${way}.p99${suffix}`, percentile(times, 0.99), "ms");
      }
      return (way) => p50.get(way) ?? Number.NaN;
    };
    const of = await taken(ways);
    await serving.ask("answerLater", LATER_MS);
    const later = await taken(waitingWays, ".waiting");
    await serving.ask("answerLater", 0);
    if (round === 0) continue;
    samples.add("ideal.p50", slowest(of), "ms");
    samples.add("ideal.p50.waiting", slowest(later), "ms");
    samples.add(
      "critical-path.p50",
      Math.max(of("customer"), of("orders") + Math.max(of("payments"), of("shipments"))),
      "ms",
    );
  }
}

/** The slowest of the calls that can all be made at once. */
function slowest(of: (way: Way) => number): number {
  return Math.max(of("customer"), of("orders"), of("paymentsOfCustomer"), of("shipmentsOfCustomer"));
}

async function ready(
  { customers, orders }: { readonly customers: number; readonly orders: number },
  count: (text: string) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  const endsAtMs = performance.now() + READY_MS_MAX;
  const isReady = async (): Promise<boolean> =>
    (await count("select count(tracking_number)::int as count from history.order_history")) >=
      Math.floor(orders * 0.8) &&
    (await count("select count(paid_cents)::int as count from history.order_history where customer_id is not null")) >=
      Math.floor(orders * 0.9) &&
    (await count("select count(*)::int as count from history.customer_name")) === customers &&
    (await count("select count(*)::int as count from orders.customer_name")) === customers;
  while (!(await isReady())) {
    signal.throwIfAborted();
    if (performance.now() > endsAtMs) throw new Error("the read model was not filled");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
