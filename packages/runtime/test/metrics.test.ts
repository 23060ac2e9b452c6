import { createClient, httpTransport } from "@polder/http";
import { subscription } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLogger } from "../src/index.ts";
import { Bank, bankWith, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows, type TestHost } from "./hosting.ts";
import { parseOpenMetrics, type Sample } from "./open-metrics.ts";

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

async function samples({ host }: TestHost, name: string): Promise<readonly Sample[]> {
  const response = await fetch(`${host.url}/metrics`);
  expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const all = [...parseOpenMetrics(await response.text()).values()].flatMap((family) => family.samples);
  return all.filter((sample) => sample.name === name);
}

/** The values of a metric, by the values of some of its labels. */
async function values(host: TestHost, name: string, ...labels: readonly string[]): Promise<Record<string, number>> {
  const found = await samples(host, name);
  return Object.fromEntries(
    found.map((sample) => [labels.map((label) => sample.labels[label]).join(" "), sample.value]),
  );
}

test("calls are told apart by how they ended, whose they were and at what version, and timed", async () => {
  await using host = await hostOn(database, [
    bankWith({
      balance: async ({ input, refuse }) => {
        if (input.account === "unlucky") throw new Error("out of luck");
        return refuse("Unknown", input);
      },
    }),
    reportWith(),
  ]);
  await host.bank.book({ account: "a", amount: 5 });
  await host.bank.balance({ account: "b" });
  await host.bank.balance({ account: "unlucky" }).catch(() => undefined);
  await host.report.ask({ account: "a" });
  const { url } = host.host;
  await fetch(`${url}/bank/v1/bookings`, {
    method: "POST",
    body: "{",
    headers: { "content-type": "application/json" },
  });
  await fetch(`${url}/bank/v1/accounts/c`, { headers: { "polder-version": "1.999.0" } });
  expect(
    await values(host, "polder_calls_served_total", "api", "operation", "version", "caller", "outcome", "code"),
  ).toEqual({
    "bank book 1.0.0 unknown answered ": 1,
    "bank balance 1.0.0 unknown refused Unknown": 1,
    "bank balance 1.0.0 unknown failed HANDLER_FAILED": 1,
    "bank balance 1.0.0 report refused Unknown": 1,
    "report ask 1.0.0 unknown answered ": 1,
    "bank book 1.0.0 unknown rejected JSON_BROKEN": 1,
    "bank balance other unknown refused Unknown": 1,
  });
  expect(await values(host, "polder_call_served_seconds_count", "operation", "version", "caller")).toMatchObject({
    "book 1.0.0 unknown": 2,
    "balance other unknown": 1,
  });
  expect(await values(host, "polder_calls_made_total", "caller", "api", "operation", "outcome", "code")).toEqual({
    "report bank balance refused Unknown": 1,
  });
  expect(await values(host, "polder_call_made_seconds_count", "caller", "api")).toEqual({ "report bank": 1 });
  expect(await values(host, "polder_handler_seconds_count", "handler")).toMatchObject({
    "bank.balance": 4,
    "report.ask": 1,
  });
});

test("a call that finds nobody is a failure of its caller's", async () => {
  await using gone = await hostOn(database, [bankWith()]);
  await gone[Symbol.asyncDispose]();
  await using host = await hostOn(database, [reportWith()], { urls: { bank: gone.host.url } });
  await host.report.ask({ account: "a" }).catch(() => undefined);
  expect(await values(host, "polder_calls_made_total", "outcome", "code")).toEqual({ "failed CALL_UNREACHABLE": 1 });
});

describe("living with the failure of another domain", () => {
  const closed = { "bank closed": 1, "bank half open": 0, "bank open": 0 };
  const open = { "bank closed": 0, "bank half open": 0, "bank open": 1 };
  const circuits = (host: TestHost) => values(host, "polder_circuit", "callee", "polder_circuit");

  test("its circuit is a set of states, and repetitions are counted", async () => {
    await using gone = await hostOn(database, [bankWith()]);
    await gone[Symbol.asyncDispose]();
    const calls = { attemptsMax: 3, failuresMax: 3, backoffMs: 0, openMs: 600_000 };
    await using host = await hostOn(database, [reportWith()], { urls: { bank: gone.host.url }, calls });
    expect(await circuits(host)).toEqual(closed);
    expect(await samples(host, "polder_call_repetitions_total")).toEqual([]);
    await host.report.ask({ account: "a" }).catch(() => undefined);
    expect(await circuits(host)).toEqual(open);
    expect(await values(host, "polder_call_repetitions_total", "callee")).toEqual({ bank: 2 });
  });

  test("calls that a bulkhead does not let in are counted, inside a process as well", async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const slow = bankWith({
      balance: async () => {
        entered.resolve();
        await leave.promise;
        return { balance: 1 };
      },
    });
    const calls = { concurrentMax: 1, queueMax: 0 };
    await using host = await hostOn(database, [slow, reportWith()], { calls });
    const first = host.report.ask({ account: "a" });
    await entered.promise;
    await expect(host.report.ask({ account: "b" })).rejects.toMatchObject({ code: "DEPENDENCY_FAILED" });
    leave.resolve();
    expect(await first).toMatchObject({ ok: true });
    expect(await values(host, "polder_bulkhead_rejections_total", "callee")).toEqual({ bank: 1 });
    expect(await circuits(host)).toEqual({});
  });
});

test("events are counted on their way, and what a subscription could not handle", async () => {
  let isLucky = false;
  const counting = subscription(
    report,
    "count",
    {
      "bank.Booked": async ({ event }) => {
        if (event.key === "unlucky" && !isLucky) throw new Error("out of luck");
      },
    },
    { backoffMs: 1, backoffMaxMs: 1, attemptsMax: 2 },
  );
  await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })]);
  for (const account of ["lucky", "unlucky", "unlucky"]) await host.bank.book({ account, amount: 1 });
  const outcomes = () =>
    values(host, "polder_subscription_events_total", "domain", "subscription", "publisher", "outcome");
  await until(async () => (await outcomes())["report count bank given up"] === 1, "an event is given up");
  expect(await outcomes()).toMatchObject({ "report count bank handled": 1, "report count bank failed": 1 });
  await until(async () => (await values(host, "polder_subscription_parked_events"))[""] === 2, "both are parked");
  for (const [name, value] of [
    ["polder_subscription_lag_events", 0],
    ["polder_subscription_parked_keys", 1],
    ["polder_subscription_dead_letters", 1],
  ] as const)
    expect(await values(host, name, "domain", "subscription", "publisher")).toEqual({ "report count bank": value });
  isLucky = true;
  expect((await values(host, "polder_relay_events_total", "domain"))["bank"]).toBe(3);
  expect((await values(host, "polder_relay_steps_total", "domain"))["bank"]).toBeGreaterThan(0);
});

test("transactions and connections are those of each domain", async () => {
  await using host = await hostOn(database, [
    bankWith({
      book: async ({ tx, refuse }) => {
        await tx.sql`select 1`;
        return refuse("Overdrawn", { balance: 0 });
      },
    }),
  ]);
  await host.bank.book({ account: "a", amount: 5 });
  await host.bank.balance({ account: "a" });
  const ended = await values(host, "polder_transaction_seconds_count", "domain", "outcome");
  expect(ended).toMatchObject({ "bank read": 1, "bank rolled back": 1 });
  const connections = await values(host, "polder_connections", "domain", "state");
  expect((connections["bank idle"] ?? 0) + (connections["bank in use"] ?? 0)).toBeGreaterThan(0);
  expect(await values(host, "polder_connections_waiting", "domain")).toEqual({ bank: 0 });
});

test("the process itself is there", async () => {
  await using host = await hostOn(database, [bankWith()]);
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"])
    expect((await samples(host, name)).length, name).toBe(1);
});

test("a database that cannot be reached leaves its figures out, and the others there", async () => {
  await using own = await server.database(bankHomes);
  await using host = await hostOn(own, [bankWith(), reportWith({ subscriptions: [] })]);
  await host.bank.book({ account: "a", amount: 5 });
  await rows(database.admin, `alter database "${own.address.database}" allow_connections false`);
  await rows(
    database.admin,
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
    own.address.database,
  );
  expect(await values(host, "polder_calls_served_total", "operation")).toEqual({ book: 1 });
  expect(await samples(host, "polder_subscription_lag_events")).toEqual([]);
});

test("a host may have none", async () => {
  await using host = await hostOn(database, [bankWith()], { observe: { metrics: false } });
  const bank = createClient(Bank, "1.0.0", { transport: httpTransport({ baseUrl: host.host.url }) });
  expect(await bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true });
  expect((await fetch(`${host.host.url}/metrics`)).status).toBe(404);
});

describe("what is slow", () => {
  const always = { statementMs: 0.000_001, handlerMs: 0.000_001 };

  test("is logged once with the handler and without values, and counted each time", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = createLogger({ write: (line) => void lines.push(JSON.parse(line)) });
    await using host = await hostOn(database, [bankWith()], { observe: { slow: always }, logger });
    for (const account of ["somebody", "somebody", "somebody"]) await host.bank.book({ account, amount: 5 });
    const statements = lines.filter(({ message }) => message === "a statement was slow");
    expect(statements.filter(({ statement }) => String(statement).startsWith("insert into booking"))).toEqual([
      expect.objectContaining({
        level: "warn",
        domain: "bank",
        handler: "bank.book",
        statement: "insert into booking (account, amount, note) values ($1, $2, $3)",
        durationMs: expect.any(Number),
      }),
    ]);
    expect(JSON.stringify(lines)).not.toContain("somebody");
    expect(lines.filter(({ message }) => message === "a handler was slow")).toMatchObject([
      { domain: "bank", handler: "bank.book" },
    ]);
    const counted = await values(host, "polder_slow_total", "domain", "what");
    expect(counted["bank handler"]).toBe(3);
    expect(counted["bank statement"]).toBeGreaterThanOrEqual(9);
  });

  test("is not what is fast enough", async () => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const never = { statementMs: 3_600_000, handlerMs: 3_600_000 };
    await using host = await hostOn(database, [bankWith()], { observe: { slow: never }, logger });
    await host.bank.book({ account: "a", amount: 5 });
    expect(lines.join()).not.toContain("slow");
    expect(await samples(host, "polder_slow_total")).toEqual([]);
  });
});
