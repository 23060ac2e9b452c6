import { isPolderError } from "@polder/model";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bankWith, bookAmount } from "./bank.ts";
import { bankHomes, hostOn, rows } from "./hosting.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(bankHomes);
});
afterEach(() => database[Symbol.asyncDispose]());

const bookings = (): Promise<readonly object[]> => rows(database.admin, "select account, amount from bank.booking");
const published = (): Promise<readonly object[]> => rows(database.admin, "select key from bank._outbox");
const answers = (): Promise<readonly object[]> => rows(database.admin, "select key from bank._request");

async function problemOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  return isPolderError(error) ? (error.details as { problem?: unknown }).problem : error;
}

describe("the same key", () => {
  test("gets the same answer again, and nothing happens twice", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const first = await host.bank.book({ account: "a", amount: 5 }, { key: "k" });
    const second = await host.bank.book({ account: "a", amount: 5 }, { key: "k" });
    expect(second).toEqual(first);
    expect(await bookings()).toHaveLength(1);
    expect(await published()).toHaveLength(1);
    expect(await host.bank.book({ account: "a", amount: 5 }, { key: "l" })).toMatchObject({
      ok: true,
      value: { balance: 10 },
    });
  });

  test("gets the same refusal again, also when it would be answered now", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const first = await host.bank.book({ account: "a", amount: -5 }, { key: "k" });
    expect(first).toMatchObject({ ok: false, refusal: "Overdrawn" });
    await host.bank.book({ account: "a", amount: 100 });
    expect(await host.bank.book({ account: "a", amount: -5 }, { key: "k" })).toEqual(first);
    expect(await bookings()).toHaveLength(1);
  });

  test("outlives the process", async () => {
    const book = { account: "a", amount: 5 };
    {
      await using host = await hostOn(database, [bankWith()]);
      await host.bank.book(book, { key: "k" });
    }
    await using host = await hostOn(database, [bankWith()]);
    expect(await host.bank.book(book, { key: "k" })).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(await bookings()).toHaveLength(1);
  });

  test("gets one answer in twenty calls at once", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const calls = Array.from({ length: 20 }, () => host.bank.book({ account: "a", amount: 5 }, { key: "k" }));
    const outcomes = await Promise.all(calls);
    expect(outcomes[0]).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(outcomes).toEqual(outcomes.map(() => outcomes[0]));
    expect(await bookings()).toHaveLength(1);
    expect(await published()).toHaveLength(1);
    expect(await answers()).toHaveLength(1);
  });

  test("gets one refusal in twenty calls at once", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const calls = Array.from({ length: 20 }, () => host.bank.book({ account: "a", amount: -5 }, { key: "k" }));
    expect(new Set((await Promise.all(calls)).map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(await bookings()).toEqual([]);
    expect(await answers()).toHaveLength(1);
  });

  test("gets the first answer where the second run fails on what the first has written", async () => {
    await database.admin.query("create unique index on bank.booking (account)");
    const both = Promise.withResolvers<void>();
    let begun = 0;
    await using host = await hostOn(database, [
      bankWith({
        book: async (context) => {
          begun += 1;
          if (begun === 2) both.resolve();
          await both.promise;
          return await bookAmount(context);
        },
      }),
    ]);
    const calls = [1, 2].map(() => host.bank.book({ account: "a", amount: 5 }, { key: "k" }));
    expect(await Promise.all(calls)).toMatchObject(calls.map(() => ({ ok: true, value: { balance: 5 } })));
  });

  test("with another input is refused, also at the same time", async () => {
    const both = Promise.withResolvers<void>();
    let begun = 0;
    await using host = await hostOn(database, [
      bankWith({
        book: async (context) => {
          begun += 1;
          if (begun === 2) both.resolve();
          await both.promise;
          return await bookAmount(context);
        },
      }),
    ]);
    const amounts = [1, 2].map((amount) => host.bank.book({ account: "a", amount }, { key: "k" }));
    const settled = await Promise.allSettled(amounts);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const reused = { code: "IDEMPOTENCY_KEY_REUSED", status: 422 };
    const refused = settled.findIndex(({ status }) => status === "rejected");
    expect(await problemOf(amounts[refused] ?? Promise.resolve())).toMatchObject(reused);
    expect(await problemOf(host.bank.book({ account: "b", amount: 1 }, { key: "k" }))).toMatchObject(reused);
    expect(await bookings()).toHaveLength(1);
  });

  test("stands for the same input, in whatever order its fields come, with defaults left out or not", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const first = await host.bank.book({ account: "a", amount: 5 }, { key: "k" });
    expect(await host.bank.book({ note: "", amount: 5, account: "a" }, { key: "k" })).toEqual(first);
  });

  test("of another operation is another one", async () => {
    await using host = await hostOn(database, [bankWith()]);
    await host.bank.book({ account: "a", amount: 5 }, { key: "k" });
    expect(await rows(database.admin, "select operation, key from bank._request")).toEqual([
      { operation: "bank.book", key: "k" },
    ]);
  });
});

test("a failed command keeps no answer: the same key runs again", async () => {
  let fails = true;
  await using host = await hostOn(database, [
    bankWith({
      book: async (context) => {
        const answer = await bookAmount(context);
        if (fails) throw new Error("out of luck");
        return answer;
      },
    }),
  ]);
  await expect(host.bank.book({ account: "a", amount: 5 }, { key: "k" })).rejects.toMatchObject({
    code: "CALL_FAILED",
  });
  expect(await answers()).toEqual([]);
  fails = false;
  expect(await host.bank.book({ account: "a", amount: 5 }, { key: "k" })).toMatchObject({
    ok: true,
    value: { balance: 5 },
  });
});
