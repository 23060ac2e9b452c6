import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient, httpTransport } from "@polder/http";
import { outsideSubscription, subscription } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Bank, bankWith, bookAmount, readBalance, report, reportWith } from "./bank.ts";
import { allClosed, bankHomes, hostOn, rows } from "./hosting.ts";
import type { StoppedChildPlaces } from "./stopped-child.ts";

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

/** A place where a handler stops, and goes on when the test says so. */
function checkpoint() {
  const { promise: reached, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const pass = async (): Promise<void> => {
    arrive();
    await goOn;
  };
  return { reached, release, pass };
}

const bookings = (): Promise<readonly object[]> => rows(database.admin, "select account from bank.booking");
const counted = (): Promise<readonly object[]> => rows(database.admin, "select account from report.counted");

describe("a graceful stop", () => {
  test.each(["over HTTP", "without the wire"])("answers a call in flight %s, and no other", async (way) => {
    const inside = checkpoint();
    const { host, bank: local } = await hostOn(database, [
      bankWith({
        book: async (context) => {
          await inside.pass();
          return await bookAmount(context);
        },
      }),
    ]);
    const remote = createClient(Bank, "1.0.0", { transport: httpTransport({ baseUrl: host.url }) });
    const bank = way === "over HTTP" ? remote : local;
    const booking = bank.book({ account: "a", amount: 5 });
    await inside.reached;
    const stopping = host.stop();
    await expect(local.book({ account: "b", amount: 5 })).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await expect(remote.balance({ account: "b" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(SHUTTING_DOWN|CALL_UNREACHABLE)$/),
    });
    inside.release();
    expect(await booking).toMatchObject({ ok: true, value: { balance: 5 } });
    await stopping;
    expect(await bookings()).toEqual([{ account: "a" }]);
    await allClosed(database);
    expect(await rows(database.admin, "select from bank._instance")).toEqual([]);
  });

  test("answers what a call in flight asks of another domain of the process", async () => {
    const inside = checkpoint();
    const { host, report: reports } = await hostOn(database, [
      bankWith(),
      reportWith({
        ask: async ({ call, input }) => {
          await inside.pass();
          const answer = await call(Bank).balance(input);
          return { text: answer.ok ? "known" : answer.refusal };
        },
      }),
    ]);
    const asking = reports.ask({ account: "a" });
    await inside.reached;
    const stopping = host.stop();
    inside.release();
    expect(await asking).toEqual({ ok: true, value: { text: "Unknown" } });
    await stopping;
  });

  test("commits a batch in flight and begins no other", async () => {
    const inside = checkpoint();
    const { host, bank } = await hostOn(database, [
      bankWith(),
      reportWith({
        subscriptions: [
          subscription(
            report,
            "count",
            {
              "bank.Booked": async ({ event: { id, data }, tx }) => {
                await inside.pass();
                await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
              },
            },
            { batchSizeMax: 1 },
          ),
        ],
      }),
    ]);
    for (const account of ["first", "second"]) await bank.book({ account, amount: 1 });
    await inside.reached;
    const stopping = host.stop();
    inside.release();
    await stopping;
    expect(await counted()).toEqual([{ account: "first" }]);
    expect(await rows(database.admin, "select seq::int, owner from report._checkpoint")).toEqual([
      { seq: 1, owner: null },
    ]);
    await allClosed(database);
  });

  test("begins no batch while it waits for a call", async () => {
    const inside = checkpoint();
    const { host, bank } = await hostOn(database, [
      bankWith({ balance: async () => (await inside.pass()) as never }),
      reportWith({
        subscriptions: [
          subscription(report, "count", {
            "bank.Booked": async ({ event: { id, data }, tx }) => {
              await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
            },
          }),
        ],
      }),
    ]);
    // Longer than the relay takes to look by itself.
    const asking = bank.balance({ account: "a" }, { deadlineMs: 25_000 }).catch(() => undefined);
    await inside.reached;
    const stopping = host.stop();
    await database.admin.query(
      `insert into bank._outbox (event_id, key, type, version, data)
       values (gen_random_uuid(), 'a', 'bank.Booked', '1.0.0', '{"account":"a","amount":1}')`,
    );
    await until(
      async () => (await rows(database.admin, "select from polder.log_bank")).length === 1,
      "it is in the log",
    );
    // Time enough for a delivery that had not been ended.
    for (let turn = 0; turn < 100; turn += 1) expect(await counted()).toEqual([]);
    inside.release();
    await Promise.all([stopping, asking]);
    expect(await counted()).toEqual([]);
  });

  test("lets the handler of an event end its calls", async () => {
    const inside = checkpoint();
    let outcome: unknown;
    const { host, bank } = await hostOn(database, [
      bankWith(),
      reportWith({
        subscriptions: [
          outsideSubscription(report, "tell", {
            "bank.Booked": async ({ call }) => {
              await inside.pass();
              outcome = await call(Bank).balance({ account: "a" });
            },
          }),
        ],
      }),
    ]);
    await bank.book({ account: "a", amount: 1 });
    await inside.reached;
    const stopping = host.stop();
    inside.release();
    await stopping;
    expect(outcome).toEqual({ ok: true, value: { balance: 1 } });
    expect(await rows(database.admin, "select from report._parked")).toEqual([]);
  });

  test("is one, however often it is asked for", async () => {
    const inside = checkpoint();
    const { host, bank } = await hostOn(database, [
      bankWith({
        balance: async (context) => {
          await inside.pass();
          return await readBalance(context);
        },
      }),
    ]);
    const asking = bank.balance({ account: "a" });
    await inside.reached;
    let stopped = false;
    const first = host.stop();
    const second = host.stop().then(() => {
      stopped = true;
    });
    // A round trip to the database later the second one still waits for the call.
    await bookings();
    expect(stopped).toBe(false);
    inside.release();
    await Promise.all([first, second]);
    expect(await asking).toMatchObject({ ok: false, refusal: "Unknown" });
    await host.stop();
  });

  test("leaves no timer, socket or server behind: a process that has nothing else to do ends", async ({ signal }) => {
    const places: StoppedChildPlaces = { bank: database.appAddress("bank"), report: database.appAddress("report") };
    const program = join(import.meta.dirname, "stopped-child.ts");
    const args = ["--conditions=source", program, JSON.stringify(places)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { signal, killSignal: "SIGKILL" });
    expect(JSON.parse(stdout)).toEqual({ answered: true, status: 200 });
    await allClosed(database);
  });
});

describe("a hard stop", () => {
  test("ends what is under way: calls are told, nothing of them or of batches is kept", async () => {
    const inside = checkpoint();
    const batch = checkpoint();
    const { host, bank } = await hostOn(database, [
      bankWith({
        book: async (context) => {
          const answer = await bookAmount(context);
          if (context.input.account === "hangs") await inside.pass();
          return answer;
        },
      }),
      reportWith({
        subscriptions: [
          subscription(report, "count", {
            "bank.Booked": async ({ event: { id, data }, tx }) => {
              await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, 1)`;
              await batch.pass();
            },
          }),
        ],
      }),
    ]);
    await bank.book({ account: "a", amount: 1 });
    await batch.reached;
    const booking = bank.book({ account: "hangs", amount: 1 }).catch((error: unknown) => error);
    await inside.reached;
    const graceful = host.stop();
    // The first stop waits for both; the signal of a later one counts as well.
    await host.stop({ signal: AbortSignal.abort(new Error("no time")) });
    await graceful;
    expect(await booking).toMatchObject({ code: "SHUTTING_DOWN" });
    await allClosed(database);
    expect(await bookings()).toEqual([{ account: "a" }]);
    expect(await counted()).toEqual([]);
    expect(await rows(database.admin, "select seq::int from report._checkpoint")).toEqual([{ seq: 0 }]);
  });

  test("by a signal that aborts on the way", async () => {
    const inside = checkpoint();
    const { host, bank } = await hostOn(database, [bankWith({ book: async () => (await inside.pass()) as never })]);
    const booking = bank.book({ account: "a", amount: 1 }).catch((error: unknown) => error);
    await inside.reached;
    const impatient = new AbortController();
    const stopping = host.stop({ signal: impatient.signal });
    impatient.abort();
    await stopping;
    expect(await booking).toMatchObject({ code: "SHUTTING_DOWN" });
  });
});

test("a stopped host is replaced no more", async () => {
  const { host } = await hostOn(database, [bankWith()]);
  await host.stop();
  await expect(host.replace(bankWith())).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  await allClosed(database);
});
