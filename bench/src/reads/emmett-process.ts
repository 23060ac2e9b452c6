import type { Event } from "@event-driven-io/emmett";
import { getPostgreSQLEventStore, postgreSQLProjection } from "@event-driven-io/emmett-postgresql";
import pg from "pg";
import { cpuMs } from "../calls/own-cost.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { historySql, historyTables } from "./order-history.ts";
import { customerIdOf } from "./set-up.ts";

/** What it can be asked. */
export type EmmettMethods = typeof methods;

type Placed = Event<"Placed", { orderId: string; customerId: string; totalCents: number; number: number }>;
type Paid = Event<"Paid", { orderId: string; amountCents: number }>;
type Shipped = Event<"Shipped", { orderId: string; trackingNumber: string }>;
type Happened = Placed | Paid | Shipped;

// emmett: the same events in streams of its event store, and a projection that gets them in batches and runs the same
// set-based statements.
const server = openedWith<ServerAddress>();
const { host, port, user, password, database } = server;
const pool = new pg.Pool({ host, port, user, password, database, max: 8 });
const store = getPostgreSQLEventStore(
  `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
  { connectionOptions: { pooled: true, pool } },
);
await store.schema.migrate();
await pool.query(historyTables);

/** Events of one append. */
const APPEND_EVENTS = 900;

async function fill(orders: number): Promise<number> {
  let events = 0;
  for (let from = 0; from < orders; from += APPEND_EVENTS / 3) {
    const all: Happened[] = [];
    for (let number = from; number < Math.min(orders, from + APPEND_EVENTS / 3); number += 1) {
      const orderId = customerIdOf(number).replace("00000001", "00000000");
      all.push({
        type: "Placed",
        data: { orderId, customerId: customerIdOf(number % 1_000), totalCents: 100 + (number % 9_000), number },
      });
      if (number % 10 < 9) all.push({ type: "Paid", data: { orderId, amountCents: 100 + (number % 9_000) } });
      if (number % 10 < 8) all.push({ type: "Shipped", data: { orderId, trackingNumber: `T${number}` } });
    }
    await store.appendToStream(`orders-${from}`, all);
    events += all.length;
  }
  return events;
}

/** Runs the projection over all that is there, and gives the seconds until the last event is in the table. */
async function rebuild({ events }: { readonly events: number }): Promise<number> {
  await pool.query("truncate order_history");
  let handled = 0;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const projection = postgreSQLProjection<Happened>({
    name: `order-history-${performance.now()}`,
    canHandle: ["Placed", "Paid", "Shipped"],
    handle: async (found, { connection: { client } }) => {
      const of = <Type extends Happened["type"]>(type: Type) =>
        found.flatMap((one) => (one.type === type ? [one.data as Extract<Happened, { type: Type }>["data"]] : []));
      const [placed, paid, shipped] = [of("Placed"), of("Paid"), of("Shipped")];
      const run = (client as pg.PoolClient).query.bind(client);
      if (placed.length > 0)
        await run(historySql.placed, [
          placed.map((one) => one.orderId),
          placed.map((one) => one.customerId),
          placed.map((one) => one.totalCents),
          placed.map((one) => one.number),
        ]);
      if (paid.length > 0)
        await run(historySql.paid, [paid.map((one) => one.orderId), paid.map((one) => one.amountCents)]);
      if (shipped.length > 0)
        await run(historySql.shipped, [shipped.map((one) => one.orderId), shipped.map((one) => one.trackingNumber)]);
      handled += found.length;
      if (handled >= events) resolve();
    },
  });
  const consumer = store.consumer({ pulling: { batchSize: 1_000, pullingFrequencyInMs: 10 } });
  consumer.projector<Happened>({ processorId: projection.name ?? "order-history", projection, startFrom: "BEGINNING" });
  const begunMs = performance.now();
  const running = consumer.start();
  await done;
  const seconds = (performance.now() - begunMs) / 1_000;
  await consumer.stop();
  await running;
  await consumer.close();
  return seconds;
}

const methods = { fill, rebuild, cpuMs };
answerParent(methods, async () => {
  await store.close();
  await pool.end().catch(() => undefined);
});
