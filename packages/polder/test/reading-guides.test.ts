import { join } from "node:path";
import { homeOf, identifier, openDatabase } from "@polder/postgres";
import { listBuilds, makeBuilds } from "@polder/reading";
import { domain, implement, need, type ReadModel, readModel, startHost } from "polder";
import { answerOf, standInFor, startTestHost, type TestHost, until } from "polder/testing";
import { expect, test } from "vitest";
import { ProductDescribed, ProductWithdrawn } from "./storefront/domains/catalog/contract.ts";
import { catalog } from "./storefront/domains/catalog/domain.ts";
import { Order, OrderPlaced } from "./storefront/domains/order/contract.ts";
import { order } from "./storefront/domains/order/domain.ts";
import { PaymentReceived } from "./storefront/domains/payment/contract.ts";
import { payment } from "./storefront/domains/payment/domain.ts";
import { Support } from "./storefront/domains/support/contract.ts";
import { support } from "./storefront/domains/support/domain.ts";
import supportDesk from "./storefront/domains/support/index.ts";
import { orderOverview } from "./storefront/domains/support/order-overview.ts";
import { productTitles } from "./storefront/domains/support/product-titles.ts";
import { unpaidOrders } from "./storefront/domains/support/unpaid-orders.ts";
import { web } from "./storefront/teams.ts";

const from = join(import.meta.dirname, "storefront");

/** Two products a page. */
const products = [
  { sku: "cup", title: "Cup" },
  { sku: "lamp", title: "Lamp" },
  { sku: "teapot", title: "Teapot" },
];
const catalogOfThree = standInFor(catalog, {
  answers: {
    catalog: {
      products: async ({ input }) => {
        const { after = "" } = input as { readonly after?: string };
        const page = products.filter(({ sku }) => sku > after).slice(0, 2);
        return { products: page, next: page.length < 2 ? null : (page.at(-1)?.sku ?? null) };
      },
    },
  },
});

const others = [catalogOfThree, standInFor(order), standInFor(payment)];

async function unpaid({ client }: Pick<TestHost, "client">): Promise<readonly object[]> {
  return answerOf(await client(Support, "1.0.0").unpaidOrders({})).orders;
}

// #region any-order
test("what is unpaid is found, whether the order or its payment is heard of first", async () => {
  await using running = await startTestHost({ from, implementations: [supportDesk, ...others] });
  await running.publish(PaymentReceived, { orderId: "o1", amount: 5 });
  await running.settled();
  await running.publish(OrderPlaced, { orderId: "o1", customerId: "ada", sku: "teapot", total: 20 });
  await running.publish(OrderPlaced, { orderId: "o2", customerId: "bob", sku: "cup", total: 9 });
  await running.settled();
  await running.publish(PaymentReceived, { orderId: "o2", amount: 4 });
  await running.publish(PaymentReceived, { orderId: "o2", amount: 5 });
  await running.settled();
  expect(answerOf(await running.client(Support, "1.0.0").unpaidOrders({}))).toEqual({
    orders: [{ orderId: "o1", customerId: "ada", title: "Teapot", total: 20, paid: 5 }],
  });
  expect(await running.database.parked("support")).toEqual([]);
});
// #endregion any-order

test("titles come from the pages of Catalog first, and from its events then", async () => {
  await using running = await startTestHost({ from, implementations: [supportDesk, ...others] });
  const titles = async () =>
    (await running.database.rows<{ title: string }>("select title from support.product_title order by sku")).map(
      ({ title }) => title,
    );
  await running.settled();
  expect(await titles()).toEqual(["Cup", "Lamp", "Teapot"]);
  await running.publish(ProductDescribed, { sku: "lamp", title: "Desk lamp" });
  await running.publish(ProductDescribed, { sku: "saucer", title: "Saucer" });
  await running.publish(ProductWithdrawn, { sku: "cup" });
  await running.settled();
  expect(await titles()).toEqual(["Desk lamp", "Saucer", "Teapot"]);
});

test("a replica whose owner nobody serves here holds up no test of the rest", async () => {
  const implementations = [supportDesk, standInFor(catalog), standInFor(order), standInFor(payment)];
  await using running = await startTestHost({ from, implementations });
  await running.publish(OrderPlaced, { orderId: "o1", customerId: "ada", sku: "teapot", total: 20 });
  await running.settled();
  expect(await unpaid(running)).toEqual([{ orderId: "o1", customerId: "ada", title: null, total: 20, paid: 0 }]);
});

test("the domain itself only reads them", async () => {
  await using running = await startTestHost({ from, implementations: [supportDesk, ...others] });
  await using app = openDatabase({ ...running.database.address("support"), schema: "support" });
  for (const table of ["order_overview", "product_title"]) {
    expect((await app.query(`select from ${identifier(table)}`)).rows).toBeInstanceOf(Array);
    await expect(app.query(`delete from ${identifier(table)}`)).rejects.toMatchObject({ code: "42501" });
  }
});

// #region second-version
const countingOverview = readModel(support, "order-overview", {
  version: 2,
  former: orderOverview,
  stalenessMaxMs: 5_000,
  tables: `
    create table order_overview (
      order_id text primary key,
      customer_id text,
      sku text,
      total integer,
      paid integer not null default 0,
      payments integer not null default 0
    );
    create index on order_overview (customer_id)`,
  batch: {
    "order.OrderPlaced": async ({ events, tx }) => {
      await tx.sql`
        insert into order_overview (order_id, customer_id, sku, total)
        select "orderId", "customerId", sku, total
        from jsonb_to_recordset(${JSON.stringify(events.map(({ data }) => data))}::jsonb)
          as placed ("orderId" text, "customerId" text, sku text, total integer)
        order by "orderId"
        on conflict (order_id) do update
        set customer_id = excluded.customer_id, sku = excluded.sku, total = excluded.total
      `;
    },
    "payment.PaymentReceived": async ({ events, tx }) => {
      await tx.sql`
        insert into order_overview (order_id, paid, payments)
        select "orderId", sum(amount), count(*)
        from jsonb_to_recordset(${JSON.stringify(events.map(({ data }) => data))}::jsonb)
          as received ("orderId" text, amount integer)
        group by "orderId"
        order by "orderId"
        on conflict (order_id) do update
        set paid = order_overview.paid + excluded.paid, payments = order_overview.payments + excluded.payments
      `;
    },
  },
});
// #endregion second-version

test("another version is built beside the one that serves, from the history, and takes its place", async () => {
  await using running = await startTestHost({ from, implementations: [supportDesk, ...others] });
  const { database, publish, settled } = running;
  await publish(PaymentReceived, { orderId: "o1", amount: 5 });
  await publish(PaymentReceived, { orderId: "o1", amount: 6 });
  await publish(OrderPlaced, { orderId: "o1", customerId: "ada", sku: "teapot", total: 20 });
  await settled();
  const before = await unpaid(running);
  await makeBuilds({ admin: database.admin, home: homeOf("support"), copies: [countingOverview] });
  expect(await unpaid(running)).toEqual(before);
  // A release that knows both versions comes into service, while the one before still runs.
  const next = implement(support, {
    apis: { support: { unpaidOrders } },
    readModels: [countingOverview],
    replicas: [productTitles],
  });
  const newer = await startHost({ implementations: [next], address: database.address });
  await using _stops = { [Symbol.asyncDispose]: () => newer.stop() };
  const serving = async (): Promise<readonly string[]> =>
    (await listBuilds(database.admin, "support"))
      .filter(({ copy }) => copy === "order-overview")
      .map(({ version, state }) => `${version} ${state}`);
  await until(async () => (await serving()).join() === "1 former,2 serving", "the new version serves");
  expect(await unpaid(running)).toEqual(before);
  expect(await database.rows("select order_id, paid, payments from support.order_overview")).toEqual([
    { order_id: "o1", paid: 11, payments: 2 },
  ]);
});

test("where only the owner's own answer is good enough, a read model of its events is refused", () => {
  // #region strong
  const till = domain("till", {
    owner: web,
    capability: "Take money for orders",
    needs: [need(Order, "1.0.0", { consistency: "strong" }), need(OrderPlaced, "1.0.0")],
  });
  // #endregion strong
  const seen: ReadModel = { ...orderOverview, domain: "till", events: ["order.OrderPlaced"] };
  expect(() => implement(till, { apis: {}, readModels: [seen] })).toThrow(
    expect.objectContaining({
      code: "DECLARATION_INVALID",
      message: expect.stringContaining(
        '"order-overview" is a read model of "order" and may be behind, but "till" needs "order" with strong consistency',
      ),
    }),
  );
});
