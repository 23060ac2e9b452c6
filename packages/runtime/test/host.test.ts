import { once } from "node:events";
import { createServer } from "node:net";
import { createClient, httpTransport } from "@polder/http";
import { batchSubscription, type LogFields, silentLogger } from "@polder/model";
import { openDatabase } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startHost } from "../src/index.ts";
import { Bank, bankWith, Report, report, reportWith } from "./bank.ts";
import { allClosed, bankHomes, hostOn, rows } from "./hosting.ts";

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

const counting = batchSubscription(report, "count", ["bank.Booked"], async ({ events, tx }) => {
  for (const { id, data } of events)
    await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
});

async function totalIs(total: number): Promise<void> {
  const sum = "select coalesce(sum(amount), 0)::int as total from report.counted";
  await until(async () => {
    const [found] = await rows(database.admin, sum);
    return (found as { total: number }).total === total;
  }, `the total is ${total}`);
}

describe("the same calls and events give the same results", () => {
  test("in one process", async () => {
    await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })]);
    expect(await host.bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(await host.report.ask({ account: "a" })).toEqual({ ok: true, value: { text: "5" } });
    expect(await host.report.ask({ account: "b" })).toEqual({ ok: true, value: { text: "Unknown" } });
    await totalIs(5);
  });

  test("each domain in a host of its own, over HTTP", async () => {
    await using banking = await hostOn(database, [bankWith()]);
    await using reporting = await hostOn(database, [reportWith({ subscriptions: [counting] })], {
      urls: { bank: banking.host.url },
    });
    expect([banking.host.domains, reporting.host.domains]).toEqual([["bank"], ["report"]]);
    const bank = createClient(Bank, "1.0.0", { transport: httpTransport({ baseUrl: banking.host.url }) });
    const reports = createClient(Report, "1.0.0", { transport: httpTransport({ baseUrl: reporting.host.url }) });
    expect(await bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true, value: { balance: 5 } });
    expect(await reports.ask({ account: "a" })).toEqual({ ok: true, value: { text: "5" } });
    expect(await reports.ask({ account: "b" })).toEqual({ ok: true, value: { text: "Unknown" } });
    await totalIs(5);
  });
});

test("a domain that runs here is called here, whatever URL it has for others, and the log says so", async () => {
  const told: unknown[] = [];
  const info = (message: string, fields?: LogFields): void => void told.push([message, fields]);
  await using host = await hostOn(database, [bankWith(), reportWith()], {
    urls: { bank: "http://127.0.0.1:1" },
    logger: { ...silentLogger, info },
  });
  await host.bank.book({ account: "a", amount: 5 });
  expect(await host.report.ask({ account: "a" })).toEqual({ ok: true, value: { text: "5" } });
  expect(told).toContainEqual([
    'calls to "bank" stay in this process: its URL is for those where it does not run',
    { callee: "bank" },
  ]);
});

describe("a host does not start", () => {
  test("for a domain without a home, and leaves nothing behind", async () => {
    await using empty = await server.database();
    await expect(hostOn(empty, [bankWith()])).rejects.toMatchObject({
      code: "NOT_PROVISIONED",
      details: { domain: "bank", missing: expect.arrayContaining(["bank._outbox", "bank._checkpoint"]) },
    });
    await allClosed(empty);
  });

  test("for two implementations of one domain", async () => {
    await expect(hostOn(database, [bankWith(), reportWith(), bankWith()])).rejects.toMatchObject({
      code: "DOMAIN_REPEATED",
      details: { domains: ["bank"] },
    });
    await allClosed(database);
  });

  test("for a domain whose calls would lead nowhere, and says where all of them lead", async () => {
    await expect(hostOn(database, [reportWith()])).rejects.toMatchObject({
      code: "DOMAIN_UNKNOWN",
      details: { domains: ["bank"], known: ["report"] },
    });
    await allClosed(database);
  });

  test("on a port that is taken, and leaves nothing behind", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await expect(hostOn(database, [bankWith()], { http: { port } })).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await allClosed(database);
    expect(await rows(database.admin, "select from bank._instance")).toEqual([]);
    other.close();
  });

  test("with a wrong password, or where no PostgreSQL answers", async () => {
    const address = (domain: string) => ({ ...database.appAddress(domain), password: "wrong" });
    await expect(hostOn(database, [bankWith()], { address })).rejects.toMatchObject({ code: "POSTGRES_AUTH_FAILED" });
    const nowhere = createServer().listen(0, "127.0.0.1");
    await once(nowhere, "listening");
    const { port } = nowhere.address() as { port: number };
    nowhere.close();
    const away = (domain: string) => ({ ...database.appAddress(domain), port });
    await expect(hostOn(database, [bankWith()], { address: away })).rejects.toMatchObject({
      code: "POSTGRES_UNREACHABLE",
    });
  });
});

describe("its health", () => {
  test("is that of its process, of its databases, and of what runs", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const { url } = host.host;
    expect(await page(`${url}/livez`)).toEqual([200, { status: "alive" }]);
    expect(await page(`${url}/readyz`)).toEqual([200, { status: "ready", domains: [{ domain: "bank", ready: true }] }]);
    expect(await page(url)).toEqual([200, { polder: [{ domain: "bank", owner: "Clerks", apis: ["/bank/v1"] }] }]);
  });

  test("says which circuit is open to a domain that is essential, and stays ready: what needs no call is answered", async () => {
    const free = await hostOn(database, [bankWith()]);
    const urls = { bank: free.host.url };
    await free.host.stop();
    const calls = { attemptsMax: 1, failuresMax: 1, openMs: 600_000 };
    await using host = await hostOn(database, [reportWith()], { urls, calls });
    const readiness = () => page(`${host.host.url}/readyz`);
    expect(await readiness()).toEqual([200, { status: "ready", domains: [{ domain: "report", ready: true }] }]);
    await expect(host.report.ask({ account: "a" })).rejects.toMatchObject({ code: "DEPENDENCY_FAILED" });
    expect(await readiness()).toEqual([
      200,
      { status: "ready", domains: [{ domain: "report", ready: true, circuits: { bank: "open" } }] },
    ]);
    expect(await host.report.total({})).toMatchObject({ ok: true });
  });

  test("says which domain cannot reach its database, and nothing of where that is", async () => {
    await using own = await server.database(bankHomes);
    await using host = await hostOn(own, [bankWith()]);
    await using root = openDatabase(database.address);
    await root.query("select set_config('polder.test', $1, false)", [own.address.database]);
    await root.query(`alter database "${own.address.database}" allow_connections false`);
    await root.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [
      own.address.database,
    ]);
    const [status, body] = await page(`${host.host.url}/readyz`);
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: "not ready", domains: [{ domain: "bank", ready: false }] });
    expect(JSON.stringify(body)).not.toContain(own.address.database);
    expect(await page(`${host.host.url}/livez`)).toEqual([200, { status: "alive" }]);
  });
});

test("a host without domains runs and stops", async () => {
  await using host = await startHost({ implementations: [], address: database.appAddress });
  expect(host.domains).toEqual([]);
  expect(await page(`${host.url}/readyz`)).toEqual([200, { status: "ready", domains: [] }]);
});

async function page(url: string): Promise<readonly [number, unknown]> {
  const response = await fetch(url);
  return [response.status, await response.json()];
}
