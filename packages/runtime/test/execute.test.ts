import { isPolderError } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BankBehaviour, Booked, bankWith, bookAmount, Counted, Weather } from "./bank.ts";
import { allClosed, bankHomes, connections, hostOn, rows, type TestHost } from "./hosting.ts";

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

const hostWith = (behaviour: BankBehaviour = {}): Promise<TestHost> => hostOn(database, [bankWith(behaviour)]);

const bookings = (): Promise<readonly object[]> => rows(database.admin, "select account, amount from bank.booking");
/** What was ever published: the outbox keeps what the relay has moved. */
const published = (): Promise<readonly object[]> => rows(database.admin, "select type, key, data from bank._outbox");

/** The code of what a promise fails with. */
async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPolderError(error)) return error === undefined ? undefined : String(error);
  const { problem } = error.details as { readonly problem?: { readonly code: string } };
  return problem?.code ?? error.code;
}

describe("a query", () => {
  test("reads one snapshot, whatever is committed between its statements", async () => {
    await using host = await hostWith({
      balance: async ({ tx }) => {
        const [before] = await tx.sql<{ n: number }>`select count(*)::int as n from booking`;
        await database.admin.query("insert into bank.booking (account, amount) values ('a', 1)");
        const [after] = await tx.sql<{ n: number }>`select count(*)::int as n from booking`;
        return { balance: (before?.n ?? 0) + (after?.n ?? 0) };
      },
    });
    expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 0 } });
    expect(await bookings()).toHaveLength(1);
  });

  test("cannot write", async () => {
    let state: unknown;
    await using host = await hostWith({
      balance: async ({ tx }) => {
        await tx.sql`insert into booking (account, amount) values ('a', 1)`.catch((error: unknown) => {
          state = error;
          throw error;
        });
        return { balance: 0 };
      },
    });
    expect(await codeOf(host.bank.balance({ account: "a" }))).toBe("HANDLER_FAILED");
    expect(state).toMatchObject({ code: "25006" });
    expect(await bookings()).toEqual([]);
  });

  test("runs again when a migration has outdated its plan", async () => {
    await using host = await hostOn(database, [bankWith()], { connectionsMax: 2 });
    await host.bank.book({ account: "a", amount: 5 });
    for (const type of ["smallint", "integer", "smallint"]) {
      expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 5 } });
      await database.admin.query(`alter table bank.account alter column balance type ${type}`);
    }
    expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 5 } });
  });

  test("gives its connection back after an answer, a refusal and a failure", async () => {
    let fails = false;
    await using host = await hostOn(
      database,
      [
        bankWith({
          balance: async ({ tx, refuse, input }) => {
            await tx.sql`select 1`;
            if (fails) throw new Error("out of luck");
            return refuse("Unknown", input);
          },
        }),
      ],
      { connectionsMax: 2 },
    );
    for (let run = 0; run < 5; run += 1) {
      fails = !fails;
      await host.bank.balance({ account: "a" }).catch(() => undefined);
    }
    fails = false;
    expect(await host.bank.balance({ account: "a" })).toMatchObject({ ok: false, refusal: "Unknown" });
  });
});

describe("a command", () => {
  test("commits what its handler wrote and published", async () => {
    await using host = await hostWith();
    expect(await host.bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(await bookings()).toEqual([{ account: "a", amount: 5 }]);
    expect(await published()).toEqual([{ type: "bank.Booked", key: "a", data: { account: "a", amount: 5 } }]);
  });

  test.each<[string, BankBehaviour["book"], string]>([
    [
      "throws",
      async (context) => {
        await bookAmount(context);
        throw new Error("out of luck");
      },
      "HANDLER_FAILED",
    ],
    [
      "answers what its contract does not say",
      async (context) => {
        await bookAmount(context);
        return { balance: "a lot" } as never;
      },
      "CONTRACT_VIOLATED",
    ],
    [
      "publishes what its event does not say",
      async (context) => {
        context.tx.publish(Booked, { account: "a", amount: "a lot" as never });
        return await bookAmount(context);
      },
      "CONTRACT_VIOLATED",
    ],
    [
      "publishes what cannot be written as JSON",
      async (context) => {
        await bookAmount(context);
        const circle: { self?: object } = {};
        circle.self = circle;
        context.tx.publish(Booked, { account: "a", amount: 1, note: circle as never });
        return { balance: 0 };
      },
      "CONTRACT_VIOLATED",
    ],
    [
      "publishes an event of 2 MB",
      async (context) => {
        await bookAmount(context);
        context.tx.publish(Booked, { account: "a", amount: 1, note: "x".repeat(2_000_000) });
        return { balance: 0 };
      },
      "EVENT_TOO_LARGE",
    ],
    [
      "publishes an event that is not declared",
      async (context) => {
        await bookAmount(context);
        context.tx.publish(Counted as never, { account: "a" } as never);
        return { balance: 0 };
      },
      "NOT_DECLARED",
    ],
    [
      "calls an API that is not declared",
      async (context) => {
        await bookAmount(context);
        (context.call as unknown as (api: typeof Weather) => object)(Weather);
        return { balance: 0 };
      },
      "NOT_DECLARED",
    ],
    [
      "swallows the failure of a statement",
      async (context) => {
        const answer = await bookAmount(context);
        await context.tx.sql`select 1 / 0`.catch(() => undefined);
        return answer;
      },
      "TRANSACTION_ABORTED",
    ],
  ])("leaves nothing behind when its handler %s", async (_, book, code) => {
    const errors: unknown[] = [];
    const inside: BankBehaviour["book"] = async (context) => {
      try {
        return (await book?.(context)) as never;
      } catch (error) {
        errors.push(isPolderError(error) ? error.code : error);
        throw error;
      }
    };
    await using host = await hostWith({ book: inside });
    const outside = await codeOf(host.bank.book({ account: "a", amount: 5 }));
    // Codes of a domain's inside stay there; the caller learns that it failed.
    expect([outside, ...errors]).toContain(code === "TRANSACTION_ABORTED" ? "HANDLER_FAILED" : code);
    expect(await bookings()).toEqual([]);
    expect(await published()).toEqual([]);
    await until(async () => (await connections(database)) > 0, "the host is connected");
    expect(
      await rows(
        database.admin,
        "select state from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
      ),
    ).toEqual([]);
  });

  test("leaves nothing behind when its handler refuses, but answers with the refusal", async () => {
    await using host = await hostWith();
    expect(await host.bank.book({ account: "a", amount: -5 })).toEqual({
      ok: false,
      refusal: "Overdrawn",
      details: { balance: 0 },
    });
    expect(await bookings()).toEqual([]);
    expect(await published()).toEqual([]);
  });

  test("that hangs is given up at its deadline: nothing is committed, its connection is gone, the host stops", async () => {
    const lateStatement = Promise.withResolvers<unknown>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    const host = await hostWith({
      book: async (context) => {
        const answer = await bookAmount(context);
        await goOn;
        lateStatement.resolve(context.tx.sql`select 1`.catch((error: unknown) => error));
        return answer;
      },
    });
    expect(await codeOf(host.bank.book({ account: "a", amount: 5 }, { deadlineMs: 500 }))).toBe(
      "CALL_DEADLINE_EXCEEDED",
    );
    const idle = "select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    await until(async () => (await rows(database.admin, idle)).length === 0, "its transaction has ended");
    // The handler still hangs: it does not count as running.
    await host.host.stop();
    await allClosed(database);
    release();
    expect(await lateStatement.promise).toMatchObject({ code: "TRANSACTION_ENDED" });
    expect(await bookings()).toEqual([]);
    expect(await published()).toEqual([]);
  });

  test("that waits for a lock beyond its deadline commits nothing", async () => {
    await using host = await hostWith();
    await host.bank.book({ account: "a", amount: 1 });
    const holder = await database.admin.connect();
    await holder.query("begin");
    await holder.query("select from bank.account where account = 'a' for update");
    expect(await codeOf(host.bank.book({ account: "a", amount: 5 }, { deadlineMs: 500 }))).toBe(
      "CALL_DEADLINE_EXCEEDED",
    );
    await holder.query("commit");
    await holder.end();
    // The next one gets the lock, so the one before has let go of it, or never had it.
    await host.bank.book({ account: "a", amount: 1 });
    expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 2 } });
  });

  test("runs again when it loses against another transaction, with the input and the key that it had", async () => {
    const runs: { readonly input: string; readonly key: string }[] = [];
    await using host = await hostWith({
      book: async (context) => {
        runs.push({ input: JSON.stringify(context.input), key: context.key });
        (context.input as { account: string }).account = "somebody else";
        if (runs.length < 3) await context.tx.query("do $$ begin raise sqlstate '40P01'; end $$");
        return await bookAmount({ ...context, input: { account: "a", amount: 5, note: "" } });
      },
    });
    expect(await host.bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(runs).toHaveLength(3);
    expect(new Set(runs.map((run) => JSON.stringify(run))).size).toBe(1);
    expect(await bookings()).toHaveLength(1);
  });

  test("gives up after four runs", async () => {
    let runs = 0;
    await using host = await hostWith({
      book: async ({ tx }) => {
        runs += 1;
        await tx.query("do $$ begin raise sqlstate '40001'; end $$");
        return { balance: 0 };
      },
    });
    expect(await codeOf(host.bank.book({ account: "a", amount: 5 }))).toBe("HANDLER_FAILED");
    expect(runs).toBe(4);
  });

  test("two that lock the same rows in another order both come to their end", async () => {
    await using setUp = await hostWith();
    for (const account of ["a", "b"]) await setUp.bank.book({ account, amount: 1 });
    const met = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
    await using host = await hostWith({
      book: async ({ input, tx }) => {
        const [mine, theirs] = input.account === "a" ? (["a", "b"] as const) : (["b", "a"] as const);
        await tx.sql`update account set balance = balance + 1 where account = ${mine}`;
        met[mine].resolve();
        await met[theirs].promise;
        await tx.sql`update account set balance = balance + 1 where account = ${theirs}`;
        return { balance: 0 };
      },
    });
    await Promise.all(["a", "b"].map((account) => host.bank.book({ account, amount: 0 })));
    expect(await host.bank.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 3 } });
    expect(await host.bank.balance({ account: "b" })).toEqual({ ok: true, value: { balance: 3 } });
  });

  test("an event published after the end is refused, and not silently lost", async () => {
    const late = Promise.withResolvers<unknown>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    await using host = await hostWith({
      book: async ({ tx }) => {
        void goOn.then(() => {
          try {
            late.resolve(tx.publish(Booked, { account: "a", amount: 1 }));
          } catch (error) {
            late.resolve(error);
          }
        });
        return { balance: 0 };
      },
    });
    await host.bank.book({ account: "a", amount: 1 });
    release();
    expect(await late.promise).toMatchObject({ code: "TRANSACTION_ENDED" });
  });

  test("an event is published as JSON has it: no undefined fields, and times as texts", async () => {
    await using host = await hostWith({
      book: async ({ tx }) => {
        tx.publish(Booked, { account: "a", amount: 1, note: undefined as never });
        tx.publish(Booked, { account: "a", amount: 2, note: new Date(0) as never });
        return { balance: 0 };
      },
    });
    await host.bank.book({ account: "a", amount: 1 });
    expect(await published()).toMatchObject([
      { data: { account: "a", amount: 1 } },
      { data: { account: "a", amount: 2, note: "1970-01-01T00:00:00.000Z" } },
    ]);
  });

  test.each(["'; drop table bank.account; --", "$1 $$ \\' \" %s", "a'), ('b', 1) --", "\u{1f600} ünïcödé \u202e"])(
    "takes %j in every text field as text",
    async (text) => {
      await using host = await hostWith();
      const key = text.replaceAll(/[^\x20-\x7e]/g, "x").trim();
      expect(await host.bank.book({ account: text, amount: 5, note: text }, { key })).toMatchObject({ ok: true });
      expect(await rows(database.admin, "select account, note from bank.booking")).toEqual([
        { account: text, note: text },
      ]);
      expect(await rows(database.admin, "select key from bank._outbox")).toEqual([{ key: text }]);
      expect(await rows(database.admin, "select key from bank._request")).toEqual([{ key }]);
      expect(await host.bank.balance({ account: text })).toEqual({ ok: true, value: { balance: 5 } });
    },
  );
});
