import { join } from "node:path";
import { silentLogger } from "@polder/model";
import { composition, DEV_TOKEN_PATH, startDev } from "polder";
import {
  answerOf,
  checkComposition,
  type ProjectDatabase,
  projectDatabase,
  standInFor,
  startTestHost,
  until,
} from "polder/testing";
import { expect, test } from "vitest";
import { startPolder } from "./polder-process.ts";
import { copyProject } from "./project-folder.ts";
import { Order } from "./storefront/domains/order/contract.ts";
import order from "./storefront/domains/order/index.ts";
import { payment } from "./storefront/domains/payment/domain.ts";
import { Storefront } from "./storefront/domains/storefront/contract.ts";
import { storefront as declared } from "./storefront/domains/storefront/domain.ts";
import storefront from "./storefront/domains/storefront/index.ts";
import { orderHistory } from "./storefront/domains/storefront/order-history.ts";

const from = join(import.meta.dirname, "storefront");

/** Ada has ordered twice, and paid for one of both. */
async function ordersOfAda({ rows }: Pick<ProjectDatabase, "rows">): Promise<void> {
  await rows(`insert into "order".placed values ('o1', 'ada', 'teapot'), ('o2', 'ada', 'cup')`);
  await rows("insert into payment.payment (order_id, amount) values ('o1', 5), ('o1', 7)");
}

test("a page is stitched from the answers of two domains", async () => {
  await using running = await startTestHost({ from });
  await ordersOfAda(running.database);
  const client = running.client(Storefront, "1.0.0");
  expect(answerOf(await client.orderHistory({ customerId: "ada" }))).toEqual({
    orders: [
      { orderId: "o2", sku: "cup", payments: [] },
      { orderId: "o1", sku: "teapot", payments: [5, 7] },
    ],
    missing: [],
  });
  expect(await client.orderHistory({ customerId: "bob" })).toMatchObject({ refusal: "CustomerUnknown" });
});

// #region check
test("without payments nothing looks as if nobody had paid", async () => {
  await checkComposition(orderHistory);
});
// #endregion check

// #region partial
test("an answer says what it lacks, and why", async () => {
  const broken = standInFor(payment, { answers: { payment: {} } });
  await using running = await startTestHost({ from, implementations: [storefront, order, broken] });
  await running.database.rows(`insert into "order".placed values ('o1', 'ada', 'teapot')`);
  const client = running.client(Storefront, "1.0.0");
  expect(answerOf(await client.orderHistory({ customerId: "ada" }))).toEqual({
    orders: [{ orderId: "o1", sku: "teapot", payments: null }],
    missing: [{ source: "payments", code: "HANDLER_FAILED" }],
  });
});
// #endregion partial

test("what would sort among the rows that were fetched is refused, with the read model that it takes", () => {
  const sorting = () =>
    composition(declared, Storefront.orderHistory, {
      sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId" } } },
      answer: () => ({ orders: [] }),
    });
  expect(sorting).toThrow(
    expect.objectContaining({
      code: "DECLARATION_INVALID",
      message: expect.stringContaining('readModel(storefront, "order-history", …), built from the events of order.'),
    }),
  );
});

interface History {
  readonly orders: readonly { readonly orderId: string; readonly payments: readonly number[] | null }[];
}

/** Asks a gateway for the history of Ada, as Ada. */
async function historyAt(gateway: string): Promise<History> {
  const form = { method: "POST", headers: { accept: "text/plain" }, body: new URLSearchParams({ subject: "ada" }) };
  const token = await (await fetch(gateway + DEV_TOKEN_PATH, form)).text();
  const headers = { authorization: `Bearer ${token}` };
  return (await (await fetch(`${gateway}/storefront/v1/customers/ada/orders`, { headers })).json()) as History;
}

test("the gateway composes what the configuration says, and dev puts a new composition in its place", async () => {
  await using database = await projectDatabase({ from });
  await ordersOfAda(database);
  await using folder = await copyProject("storefront");
  await using dev = startPolder(["dev", "--gateway-port", "0"], { cwd: folder.path, env: database.env });
  const [, gateway = ""] = await dev.says(/gateway +(http:\S+)/);
  expect((await historyAt(gateway)).orders).toHaveLength(2);
  const file = "domains/storefront/order-history.ts";
  await folder.edit(file, ["orders: orders.orders.map(", "orders: orders.orders.slice(1).map("]);
  await until(async () => (await historyAt(gateway)).orders.length === 1, "the new composition answers");
  await dev.says(/reloaded storefront/);
  dev.child.kill("SIGTERM");
  expect((await dev.ended).code).toBe(0);
});

test("a name that is no domain's, or that has nothing to compose, is found at the start", async () => {
  await using database = await projectDatabase({ from });
  const starting = async (name: string): Promise<unknown> => {
    await using folder = await copyProject("storefront");
    await folder.edit("polder.config.ts", ['"storefront"]', `"${name}"]`]);
    const { env } = database;
    const ports = { port: 0, gatewayPort: 0, watch: false };
    return await startDev({ from: folder.path, env, ...ports, logger: silentLogger }).then(
      (session) => session[Symbol.asyncDispose](),
      (error: unknown) => error,
    );
  };
  expect(await starting("shopfront")).toMatchObject({
    code: "CONFIG_INVALID",
    details: { problems: [{ place: "gateway.composes[0]", problem: expect.stringContaining("names no domain") }] },
  });
  expect(await starting("order")).toMatchObject({ code: "DECLARATION_INVALID" });
});
