import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Bank, bankWith, bookAmount, reportWith } from "./bank.ts";
import { bankHomes, hostOn } from "./hosting.ts";

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

describe("read", () => {
  test("reads before the transaction, holds nothing, and cannot write", async () => {
    const seen: unknown[] = [];
    await using host = await hostOn(database, [
      bankWith({
        book: async (context) => {
          const { read, tx } = context;
          seen.push(...(await read.sql`select count(*)::int as n from booking`));
          seen.push((await read.query("select $1::int as n", [7])).rows[0]);
          await read.sql`insert into booking (account, amount) values ('x', 1)`.catch((error: { code: string }) =>
            seen.push(error.code),
          );
          const answer = await bookAmount(context);
          await read.sql`select 1`.catch((error: { code: string }) => seen.push(error.code));
          seen.push(...(await tx.sql`select count(*)::int as n from booking`));
          return answer;
        },
      }),
    ]);
    await host.bank.book({ account: "a", amount: 1 });
    expect(seen).toEqual([{ n: 0 }, { n: 7 }, "25006", "READ_IN_TRANSACTION", { n: 1 }]);
  });
});

describe("call", () => {
  test("is refused while the transaction is open", async () => {
    const codes: unknown[] = [];
    await using host = await hostOn(database, [
      bankWith(),
      reportWith({
        ask: async ({ call, tx }) => {
          await tx.sql`select 1`;
          await call(Bank)
            .balance({ account: "a" })
            .catch((error: { code: string }) => codes.push(error.code));
          return { text: "asked" };
        },
      }),
    ]);
    expect(await host.report.ask({ account: "a" })).toMatchObject({ ok: true });
    expect(codes).toEqual(["CALL_IN_TRANSACTION"]);
  });

  test("is given up with the call that makes it", async () => {
    const asked = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    await using host = await hostOn(database, [
      bankWith({
        balance: async ({ signal }) => {
          asked.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          ended.resolve(signal.reason);
          return { balance: 0 };
        },
      }),
      reportWith(),
    ]);
    const caller = new AbortController();
    const asking = host.report.ask({ account: "a" }, { signal: caller.signal }).catch((error: unknown) => error);
    await asked.promise;
    caller.abort();
    expect(await asking).toMatchObject({ code: "CALL_ABORTED" });
    expect(await ended.promise).toMatchObject({ code: "CALL_ABORTED" });
  });
});
