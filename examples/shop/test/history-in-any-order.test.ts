import { type BrowsedEvent, browseEvents } from "@polder/bus";
import fc from "fast-check";
import { answerOf } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keptHistory } from "../domains/storefront/kept-history.ts";
import { simulate } from "../simulate.ts";
import { type LoneReadModel, loneReadModel, type Rows, rowsIn } from "./lone-read-model.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

// Between the logs of different domains there is no order, and within one only that of each key: the history of orders
// must come to the same end whichever way its events arrive.

/** With this seed the bank declines some orders. */
const SEED = 165;
const ORDERS = 40;

let shop: RunningShop;
let logs: readonly (readonly BrowsedEvent[])[];
let lone: LoneReadModel;

beforeAll(async () => {
  shop = await runShop();
  const { clients, database, settled } = shop;
  await simulate({ clients, seed: SEED, ordersPerSecond: 1_000, ordersMax: ORDERS });
  // Somebody who cannot decide: the last name counts.
  const { customerId } = answerOf(await clients.customer.register({ name: "Ada", email: "ada@any-order.example" }));
  for (const name of ["Ada King", "Ada Lovelace", "Ada"]) answerOf(await clients.customer.rename({ customerId, name }));
  await settled();
  const publishers = new Set(keptHistory.events.map((event) => event.split(".", 1)[0] ?? ""));
  logs = await Promise.all(
    [...publishers].map(async (publisher) => {
      const events = await browseEvents(database.admin, publisher, { after: 0n, eventsMax: 1_000 });
      return events.filter(({ type }) => keptHistory.events.includes(type));
    }),
  );
  lone = await loneReadModel(database.admin, keptHistory);
}, 60_000);
afterAll(() => shop[Symbol.asyncDispose]());

test("the shop's own history is what its events say, and has something of all of them", async () => {
  expect(new Set(logs.flat().map(({ type }) => type))).toEqual(new Set(keptHistory.events));
  expect(await keptIn(rowsIn(shop.database.admin, "storefront"))).toEqual(historyOf(logs.flat()));
});

// #region property
test("in whatever order the events of four domains arrive, the history comes to the same end", {
  timeout: 180_000,
}, async () => {
  const expected = historyOf(logs.flat());
  const property = fc.asyncProperty(arrivals(), async (batches) => {
    await lone.clear();
    for (const batch of batches) await lone.handle(batch);
    expect(await keptIn(lone.rows)).toEqual(expected);
  });
  await fc.assert(property, { numRuns: 100 });
});
// #endregion property

/** Each log in an order in which only the events of one key keep theirs, cut into batches that come in turns. */
function arrivals(): fc.Arbitrary<readonly (readonly BrowsedEvent[])[]> {
  const shuffled = logs.map((log) => {
    const keys = log.map(({ key }) => key);
    const all = { minLength: keys.length, maxLength: keys.length };
    return fc.shuffledSubarray(keys, all).map((order) => {
      const left = Map.groupBy(log, ({ key }) => key);
      return order.flatMap((key) => left.get(key)?.splice(0, 1) ?? []);
    });
  });
  const turn = fc.record({ log: fc.nat({ max: logs.length - 1 }), size: fc.integer({ min: 1, max: ORDERS }) });
  return fc.record({ logs: fc.tuple(...shuffled), turns: fc.array(turn, { maxLength: 40 }) }).map((made) => {
    const left = made.logs.map((log) => [...log]);
    const batches = made.turns.map(({ log, size }) => left[log]?.splice(0, size) ?? []);
    return [...batches, ...left].filter(({ length }) => length > 0);
  });
}

interface KeptOrder {
  readonly customerId: string | null;
  readonly totalCents: number | null;
  readonly currency: string | null;
  readonly placedAt: string | null;
  readonly status: string;
  readonly payment: string;
  readonly reason: string | null;
  readonly trackingNumber: string | null;
  readonly shippedAt: string | null;
}

/** Orders and the names of customers, by their ids. */
interface History {
  readonly orders: Readonly<Record<string, KeptOrder>>;
  readonly names: Readonly<Record<string, string>>;
}

/** What the tables have. */
async function keptIn(rows: Rows): Promise<History> {
  const orders = await rows<Omit<KeptOrder, "placedAt" | "shippedAt"> & Times & { readonly orderId: string }>(
    `select
  order_id as "orderId", customer_id as "customerId", total_cents as "totalCents", currency, placed_at as "placedAt",
  status, payment, decline_reason as reason, tracking_number as "trackingNumber", shipped_at as "shippedAt"
from order_history`,
  );
  const names = await rows<{ id: string; name: string }>("select customer_id as id, name from customer_name");
  return {
    orders: Object.fromEntries(
      orders.map(({ orderId, placedAt, shippedAt, ...order }) => [
        orderId,
        { ...order, placedAt: placedAt?.toISOString() ?? null, shippedAt: shippedAt?.toISOString() ?? null },
      ]),
    ),
    names: Object.fromEntries(names.map(({ id, name }) => [id, name])),
  };
}

interface Times {
  readonly placedAt: Date | null;
  readonly shippedAt: Date | null;
}

/** What the events come to, said without SQL: each domain's news is looked up, and the newest name counts. */
function historyOf(events: readonly BrowsedEvent[]): History {
  const told = Map.groupBy(events, ({ type }) => type);
  const of = (type: string) => new Map((told.get(type) ?? []).map(({ key, data }) => [key, data as Told]));
  const [placed, cancelled] = [of("order.OrderPlaced"), of("order.OrderCancelled")];
  const [confirmed, declined] = [of("payment.PaymentConfirmed"), of("payment.PaymentDeclined")];
  const [shipped, registered, renamed] = [
    of("fulfillment.OrderShipped"),
    of("customer.CustomerRegistered"),
    of("customer.CustomerRenamed"),
  ];
  const statusOf = (id: string): string => {
    if (cancelled.has(id)) return "cancelled";
    if (shipped.has(id)) return "shipped";
    return confirmed.has(id) ? "paid" : "placed";
  };
  const orders = [...new Set([placed, cancelled, confirmed, declined, shipped].flatMap((news) => [...news.keys()]))];
  const customers = new Map([...registered, ...renamed]);
  return {
    orders: Object.fromEntries(
      orders.map((id) => {
        const { customerId = null, totalCents = null, currency = null, placedAt = null } = placed.get(id) ?? {};
        const { trackingNumber = null, shippedAt = null } = shipped.get(id) ?? {};
        const reason = declined.get(id)?.reason ?? null;
        const payment = confirmed.has(id) ? "confirmed" : declined.has(id) ? "declined" : "awaited";
        const status = statusOf(id);
        return [id, { customerId, totalCents, currency, placedAt, status, payment, reason, trackingNumber, shippedAt }];
      }),
    ),
    names: Object.fromEntries(
      [...customers].map(([id, { firstName, lastName }]) => [id, `${firstName} ${lastName}`.trim()]),
    ),
  };
}

/** The fields of all events that the history shows. */
interface Told {
  readonly customerId?: string;
  readonly totalCents?: number;
  readonly currency?: string;
  readonly placedAt?: string;
  readonly reason?: string;
  readonly trackingNumber?: string;
  readonly shippedAt?: string;
  readonly firstName?: string;
  readonly lastName?: string;
}
