import { createClient } from "polder";
import { answerOf } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Customer } from "../domains/customer/contract.ts";
import customer from "../domains/customer/index.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([customer]);
});
afterAll(() => shop[Symbol.asyncDispose]());

const nobody = "00000000-0000-4000-8000-000000000000";

test("a customer registers, and is known by name and address", async () => {
  const { register, customerById } = shop.clients.customer;
  const { customerId } = answerOf(await register({ name: "Ada", email: "ada@example.com" }));
  const known = answerOf(await customerById({ customerId }));
  expect(known).toEqual({ customerId, name: "Ada", email: "ada@example.com" });
});

test("an address is registered once, also in capital letters", async () => {
  const { register } = shop.clients.customer;
  answerOf(await register({ name: "Bram", email: "bram@example.com" }));
  expect(await register({ name: "Another", email: "BRAM@example.com" })).toEqual({
    ok: false,
    refusal: "EmailTaken",
    details: { email: "BRAM@example.com" },
  });
});

test("of many who register one address at once, one gets it", async () => {
  const many = Array.from({ length: 8 }, (_, index) =>
    shop.clients.customer.register({ name: `Carla ${index}`, email: "carla@example.com" }),
  );
  expect((await Promise.all(many)).filter(({ ok }) => ok)).toHaveLength(1);
});

test("a registration that is repeated under its key gets the first answer", async () => {
  const request = { name: "Daan", email: "daan@example.com" };
  const first = await shop.clients.customer.register(request, { key: "daan" });
  expect(answerOf(first)).toEqual({ customerId: expect.any(String) });
  expect(await shop.clients.customer.register(request, { key: "daan" })).toEqual(first);
});

test("a refusal that is repeated under its key stays a refusal", async () => {
  const { register } = shop.clients.customer;
  const request = { name: "Edda", email: "edda@example.com" };
  answerOf(await register(request));
  const refused = { ok: false, refusal: "EmailTaken", details: { email: request.email } };
  expect(await register(request, { key: "edda" })).toEqual(refused);
  expect(await register(request, { key: "edda" })).toEqual(refused);
});

test("a customer takes another name", async () => {
  const { register, rename, customerById } = shop.clients.customer;
  const { customerId } = answerOf(await register({ name: "Femke", email: "femke@example.com" }));
  answerOf(await rename({ customerId, name: "Femke Postma" }));
  expect(answerOf(await customerById({ customerId })).name).toBe("Femke Postma");
});

test("nobody knows an unknown customer", async () => {
  const { rename, customerById } = shop.clients.customer;
  const refused = { ok: false, refusal: "UnknownCustomer", details: { customerId: nobody } };
  expect(await customerById({ customerId: nobody })).toEqual(refused);
  expect(await rename({ customerId: nobody, name: "Nobody" })).toEqual(refused);
});

test("the news tells the name and not the address, and nothing of what was refused", async () => {
  const { register, rename } = shop.clients.customer;
  const { customerId } = answerOf(await register({ name: "Gijs", email: "gijs@example.com" }));
  await register({ name: "Gijs again", email: "gijs@example.com" });
  answerOf(await rename({ customerId, name: "Gijs Smit" }));
  await shop.settled();
  const news = (await shop.database.events("customer")).filter(({ data }) => JSON.stringify(data).includes("Gijs"));
  expect(news).toEqual([
    { type: "customer.CustomerRegistered", data: { customerId, firstName: "Gijs", lastName: "" } },
    { type: "customer.CustomerRenamed", data: { customerId, firstName: "Gijs", lastName: "Smit" } },
  ]);
});

test("all names are read page by page, each customer once, though somebody registers meanwhile", async () => {
  const { customers, register } = createClient(Customer, "2.1.0", { transport: shop.host.transport });
  const named = async (firstName: string) => {
    const email = `${firstName}@pages.example`;
    return answerOf(await register({ firstName, lastName: "Visser", email })).customerId;
  };
  const before = [await named("Hanna"), await named("Ilse"), await named("Joost")];
  const first = answerOf(await customers({ limit: 2 }));
  expect(first.customers).toHaveLength(2);
  await named("Kees");
  const read = [...first.customers];
  for (let { next } = first; next !== null; ) {
    const page = answerOf(await customers({ after: next, limit: 2 }));
    read.push(...page.customers);
    next = page.next;
  }
  const ids = read.map(({ customerId }) => customerId);
  expect(ids).toEqual([...new Set(ids)].toSorted());
  expect(read).toEqual(
    expect.arrayContaining([
      { customerId: before[0], firstName: "Hanna", lastName: "Visser" },
      { customerId: before[1], firstName: "Ilse", lastName: "Visser" },
      { customerId: before[2], firstName: "Joost", lastName: "Visser" },
    ]),
  );
});
