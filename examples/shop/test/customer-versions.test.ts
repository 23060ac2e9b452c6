import { readFileSync } from "node:fs";
import { createClient } from "polder";
import { answerOf, checkConverters, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Customer, CustomerRegistered, CustomerRenamed } from "../domains/customer/contract.ts";
import customer from "../domains/customer/index.ts";
import fulfillment from "../domains/fulfillment/index.ts";
import { Inventory } from "../domains/inventory/contract.ts";
import { inventory } from "../domains/inventory/domain.ts";
import order from "../domains/order/index.ts";
import { Payment } from "../domains/payment/contract.ts";
import { payment } from "../domains/payment/domain.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  const others = [
    standInFor(inventory, { answers: { [Inventory.name]: {} } }),
    standInFor(payment, { answers: { [Payment.name]: {} } }),
  ];
  shop = await runShop([customer, order, fulfillment, ...others]);
});
afterAll(() => shop[Symbol.asyncDispose]());

// #region check
test("what the converters do not say to be lost is kept", async () => {
  await checkConverters(Customer);
  await checkConverters(CustomerRegistered);
  await checkConverters(CustomerRenamed);
});
// #endregion check

test("three versions of the API are served at once", async () => {
  const { transport } = shop.host;
  const [oldest, older, newest] = [
    createClient(Customer, "1.0.0", { transport }),
    createClient(Customer, "1.1.0", { transport }),
    createClient(Customer, "2.0.0", { transport }),
  ];
  const ada = answerOf(await oldest.register({ name: "Ada Lovelace", email: "ada@versions.example" }));
  expect(answerOf(await newest.customerById(ada))).toEqual({
    ...ada,
    firstName: "Ada",
    lastName: "Lovelace",
    email: "ada@versions.example",
  });
  const grace = { email: "grace@versions.example", phone: "+1 202 555 0100" };
  const { customerId } = answerOf(await newest.register({ firstName: "Grace", lastName: "Hopper", ...grace }));
  const known = { customerId, name: "Grace Hopper", ...grace };
  expect(answerOf(await older.customerById({ customerId }))).toEqual(known);
  expect(answerOf(await oldest.customerById({ customerId }))).toMatchObject({ name: "Grace Hopper" });
  answerOf(await older.rename({ customerId, name: "Grace Brewster Hopper" }));
  expect(answerOf(await newest.customerById({ customerId }))).toMatchObject({ lastName: "Brewster Hopper" });
});

test("a refusal is the same at each version", async () => {
  const { transport } = shop.host;
  const taken = { email: "taken@versions.example" };
  const newest = createClient(Customer, "2.0.0", { transport });
  answerOf(await newest.register({ firstName: "Edda", lastName: "", ...taken }));
  const refused = { ok: false, refusal: "EmailTaken", details: taken };
  expect(await newest.register({ firstName: "Edda", lastName: "", ...taken })).toEqual(refused);
  const oldest = createClient(Customer, "1.0.0", { transport });
  expect(await oldest.register({ name: "Edda", ...taken })).toEqual(refused);
});

test("customers of before have both names afterwards", async () => {
  const migration = (file: string): readonly string[] =>
    readFileSync(new URL(`../domains/customer/migrations/${file}`, import.meta.url), "utf8").split(/;\s*$/m);
  const transaction = shop.database.admin.begin("read write");
  try {
    const run = async (statements: readonly string[]): Promise<void> => {
      for (const statement of statements) if (statement.trim() !== "") await transaction.query(statement);
    };
    await run(["create schema of_before", "set local search_path to of_before", ...migration("0001-customer.sql")]);
    const names = ["Ada Lovelace", "  Grace  Brewster Hopper ", "Plato", " "];
    for (const [index, name] of names.entries())
      await transaction.query("insert into customer (name, email) values ($1, $2)", [name, `${index}@example.com`]);
    await run(migration("0002-name-parts.sql"));
    const { rows } = await transaction.query("select first_name, last_name, phone from customer order by email");
    expect(rows).toEqual([
      { first_name: "Ada", last_name: "Lovelace", phone: null },
      { first_name: "Grace", last_name: "Brewster Hopper", phone: null },
      { first_name: "Plato", last_name: "", phone: null },
      { first_name: "?", last_name: "", phone: null },
    ]);
  } finally {
    await transaction.rollback();
  }
});

test("each consumer of an event gets the version that it needs", async () => {
  const { customerId } = answerOf(
    await shop.clients.customer.register({ name: "Hanna de Wit", email: "hanna@versions.example" }),
  );
  await shop.settled();
  const { customerName } = answerOf(await shop.clients.order.ordersOfCustomer({ customerId }));
  expect(customerName).toBe("Hanna de Wit");
  const addressees = await shop.database.rows(
    `select first_name as "firstName", last_name as "lastName" from fulfillment.addressee where customer_id = '${customerId}'`,
  );
  expect(addressees).toEqual([{ firstName: "Hanna", lastName: "de Wit" }]);
});
