import type { Database } from "@polder/postgres";
import { createDatabase } from "../create-database.ts";
import { startRemote } from "../remote-process.ts";
import type { EmmettMethods } from "./emmett-process.ts";
import { historyDomain } from "./history.ts";
import { bareHistory, historyTables } from "./order-history.ts";
import type { ReadsOptions } from "./pages.ts";
import type { RebuildMethods } from "./rebuild-process.ts";
import { eventsOf, fillHistory, openAdmin, setUpHistory } from "./set-up.ts";
import { sources } from "./sources.ts";

/** Customers of the orders. */
const CUSTOMERS = 1_000;

/**
 * Measures how many events a second a read model is built from: the order history, from the logs of three domains. The
 * limit is one `insert … select` that joins the same logs.
 */
export async function measureRebuild(
  plan: { readonly rounds: number; readonly orders: number; readonly emmettOrders: number },
  options: ReadsOptions,
): Promise<void> {
  const { server, samples, signal, progress } = options;
  const size = { customers: CUSTOMERS, orders: plan.orders };
  const events = eventsOf(size);
  await using opened = new AsyncDisposableStack();
  const emmett = opened.use(
    await startRemote<EmmettMethods>({
      name: "emmett",
      url: new URL("./emmett-process.ts", import.meta.url),
      opening: await createDatabase(server, "emmett"),
    }),
  );
  progress("rebuild: filling emmett's streams");
  const emmettEvents = await emmett.ask("fill", plan.emmettOrders);
  const address = await createDatabase(server, "rebuild");
  progress(`rebuild: filling in ${events} events`);
  await setUpHistory(address, [...sources, { ...historyDomain, readModels: [bareHistory] }]);
  const admin = opened.use(openAdmin(address));
  await fillHistory(admin, size);
  for (let round = 0; round <= plan.rounds; round += 1) {
    progress(round === 0 ? "rebuild: warming up" : `rebuild, round ${round} of ${plan.rounds}`);
    signal.throwIfAborted();
    const limit = events / (await insertSelect(admin));
    await forget(admin);
    const { seconds, peakMiB, cpuMs } = await rebuild(address, admin, { ...options, orders: plan.orders });
    const theirs = emmettEvents / (await emmett.ask("rebuild", { events: emmettEvents }));
    if (round === 0) continue;
    samples.add("rebuild.insert-select", limit, "events/s");
    samples.add("rebuild.polder", events / seconds, "events/s");
    samples.add("rebuild.emmett", theirs, "events/s");
    samples.add("rebuild.cpu", (1_000 * cpuMs) / events, "µs an event");
    samples.add("rebuild.memory-peak", peakMiB, "MiB");
  }
}

async function insertSelect(admin: Database): Promise<number> {
  await admin.query("create schema by_hand");
  await admin.query(historyTables.replace("create table ", "create table by_hand."));
  await admin.query("checkpoint");
  const begunMs = performance.now();
  await admin.query(
    `insert into by_hand.order_history (order_id, customer_id, total_cents, number, paid_cents, tracking_number)
select (o.data ->> 'orderId')::uuid, (o.data ->> 'customerId')::uuid, (o.data ->> 'totalCents')::int, (o.data ->> 'number')::int,
  (p.data ->> 'amountCents')::int, s.data ->> 'trackingNumber'
from polder.log_orders o
left join polder.log_payments p on p.key = o.key
left join polder.log_shipments s on s.key = o.key`,
  );
  const seconds = (performance.now() - begunMs) / 1_000;
  await admin.query("drop schema by_hand cascade");
  return seconds;
}

/** As if the read model had never been built. */
async function forget(admin: Database): Promise<void> {
  await admin.query("delete from history._checkpoint");
  await admin.query("truncate history__build_1.order_history");
  await admin.query("checkpoint");
}

interface Rebuilt {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly cpuMs: number;
}

async function rebuild(
  address: Awaited<ReturnType<typeof createDatabase>>,
  admin: Database,
  { signal, orders }: ReadsOptions & { readonly orders: number },
): Promise<Rebuilt> {
  await using process = await startRemote<RebuildMethods>({
    name: "rebuild",
    url: new URL("./rebuild-process.ts", import.meta.url),
    opening: address,
  });
  const begunMs = performance.now();
  const beforeMs = await process.ask("cpuMs");
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await admin.query<{ left: string }>(
      `select sum(r.seq - coalesce(c.seq, 0))::text as left
from (select domain, max(seq) as seq from polder.relay where domain in ('orders', 'payments', 'shipments') group by domain) r
left join (select publisher, min(seq) as seq from history._checkpoint group by publisher) c on c.publisher = r.domain`,
    );
    if (rows[0]?.left === "0") break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const seconds = (performance.now() - begunMs) / 1_000;
  const cpuMs = (await process.ask("cpuMs")) - beforeMs;
  const { rows } = await admin.query<{ whole: number }>(
    "select count(*)::int as whole from history.order_history where customer_id is not null",
  );
  if (rows[0]?.whole !== orders) throw new Error(`the read model has ${rows[0]?.whole} of ${orders} orders`);
  return { seconds, peakMiB: await process.ask("peakMiB"), cpuMs };
}
