import { expect, test } from "vitest";
import { type ShopProcess, startProcess } from "../child-process.ts";
import { shop } from "../domains/all-domains.ts";
import fulfillment from "../domains/fulfillment/index.ts";
import { simulate } from "../simulate.ts";
import { untilDone } from "../until-done.ts";
import { clientsOf } from "./running-shop.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

const gateway = ["--gateway", "--gateway-port", "0", "--dev-issuer"];
const others = shop.filter((implementation) => implementation !== fulfillment);

/** Orders that are placed before Fulfillment is killed, and in all. */
const ORDERS_BEFORE = 60;
const ORDERS = 200;

test("Fulfillment is killed, orders go on without it, and it catches up: nothing is lost, nothing happens twice", async () => {
  await using database = await shopDatabase();
  await using rest = await startDomains(database, others);
  await using doomed = await startDomains(database, [fulfillment]);

  let orders = 0;
  let killed: Promise<void> | undefined;
  const totals = await simulate({
    clients: clientsOf(rest.customers()),
    seed: 7,
    ordersPerSecond: 100,
    ordersMax: ORDERS,
    onOrder: () => {
      orders += 1;
      if (orders === ORDERS_BEFORE) killed = doomed.kill();
    },
  });
  await killed;
  expect(totals.placed + totals.OutOfStock).toBe(ORDERS);

  await untilDone(() => database.underWay(others));
  const without = await countOrders(database);
  expect(without.shipped).toBeGreaterThan(0);
  expect(without.paid).toBeGreaterThan(ORDERS / 4);
  expect(without.placed).toBe(0);
  expect(await database.audit({ settled: false })).toEqual([]);

  await using again = await startDomains(database, [fulfillment]);
  await untilDone(() => database.underWay(shop), { timeoutMs: 60_000 });
  expect(await database.audit({ settled: true })).toEqual([]);
  expect(await countOrders(database)).toEqual({ ...without, paid: 0, shipped: without.shipped + without.paid });
  expect(await shippedEvents(database)).toEqual({ events: without.shipped + without.paid, doubles: 0 });
  expect([await again.stop(), await rest.stop()]).toEqual([0, 0]);
}, 150_000);

async function startDomains(database: ShopDatabase, domains: typeof shop): Promise<ShopProcess> {
  const names = domains.map(({ domain }) => domain.name).join(",");
  const program = new URL("../../../packages/polder/src/main.ts", import.meta.url);
  const config = new URL("../polder.config.ts", import.meta.url).pathname;
  const args = ["start", "--config", config, "--domain", names, "--port", "0", ...gateway];
  return startProcess(program, { args, env: database.env });
}

interface OrdersByStatus {
  readonly placed: number;
  readonly paid: number;
  readonly shipped: number;
  readonly cancelled: number;
}

async function countOrders(database: ShopDatabase): Promise<OrdersByStatus> {
  const [counted] = await database.rows<OrdersByStatus>(`
    select
      count(*) filter (where status = 'placed')::int as placed,
      count(*) filter (where status = 'paid')::int as paid,
      count(*) filter (where status = 'shipped')::int as shipped,
      count(*) filter (where status = 'cancelled')::int as cancelled
    from "order".orders`);
  return counted ?? { placed: 0, paid: 0, shipped: 0, cancelled: 0 };
}

async function shippedEvents(database: ShopDatabase): Promise<unknown> {
  const [counted] = await database.rows(
    `select count(*)::int as events, (count(*) - count(distinct key))::int as doubles from fulfillment._outbox`,
  );
  return counted;
}
