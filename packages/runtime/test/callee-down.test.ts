import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createClient } from "@polder/http";
import { isPolderError, type LogFields, type Logger, silentLogger } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HostOptions } from "../src/index.ts";
import { Bank, reportWith } from "./bank.ts";
import { startBankProcess } from "./bank-process.ts";
import { bankHomes, homesOf, hostOn, rows, type TestHost } from "./hosting.ts";
import { Shelf, shelfImplementation } from "./shelf.ts";

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

/** What the log said of circuits, in order. */
function circuitLog(): { readonly logger: Logger; readonly told: readonly string[] } {
  const told: string[] = [];
  const tell = (message: string, fields?: LogFields): void => {
    const change = /^The circuit to "bank" is (open|half open|closed)/.exec(message)?.[1];
    if (change !== undefined && fields?.["callee"] === "bank") told.push(change);
  };
  return { told, logger: { ...silentLogger, info: tell, warn: tell } };
}

/** How a call of the outer caller failed, and what its handler had called in vain. */
interface Failure {
  readonly code: string;
  readonly status: number | undefined;
  readonly inner: string | undefined;
}

function failureOf(error: unknown): Failure {
  if (!isPolderError(error)) throw error;
  const { problem } = error.details as {
    readonly problem?: { readonly status: number; readonly dependency?: { readonly code: string } };
  };
  return { code: error.code, status: problem?.status, inner: problem?.dependency?.code };
}

/** How long Report waits for Bank; 5 seconds where it says nothing. A test may change it. */
interface InnerLimit {
  deadlineMs?: number;
}

/** Report, whose answers come from Bank at a URL. */
function reportOn(url: string, options: Partial<HostOptions>, limit: InnerLimit = {}): Promise<TestHost> {
  const ask = reportWith({
    ask: async ({ input, call, key }) => {
      const booked = await call(Bank).book({ ...input, amount: 1, note: key }, { key: `${key}/book`, ...limit });
      return { text: booked.ok ? "booked" : booked.refusal };
    },
  });
  return hostOn(database, [ask], { urls: { bank: url }, ...options });
}

/** Asks Report with a new key, and again with the same one until it is answered or the traffic ends. */
async function askUntilAnswered(host: TestHost, key: string, traffic: Traffic): Promise<void> {
  while (!traffic.ended) {
    const begunMs = performance.now();
    try {
      await host.report.ask({ account: key.split("-", 1)[0] ?? "" }, { key, deadlineMs: CALL_MS_MAX });
      traffic.answered.push(key);
      return;
    } catch (error) {
      traffic.failures.push(failureOf(error));
      traffic.longestMs = Math.max(traffic.longestMs, performance.now() - begunMs);
      // An open circuit answers at once: others get their turn.
      await new Promise(setImmediate);
    }
  }
}

/** How long a call of the traffic may take, in milliseconds. */
const CALL_MS_MAX = 10_000;

interface Traffic {
  ended: boolean;
  readonly answered: string[];
  readonly failures: Failure[];
  longestMs: number;
}

const CALLERS = 8;

test("a process that is killed under traffic and comes back: failures are typed and in time, the circuit opens and closes, nothing happens twice", async () => {
  const address = database.appAddress("bank");
  const first = await startBankProcess({ address, port: 0 });
  const { logger, told } = circuitLog();
  const calls = { openMs: 100, failuresMax: 3, backoffMs: 20 };
  await using host = await reportOn(first.url, { calls, logger });
  const traffic: Traffic = { ended: false, answered: [], failures: [], longestMs: 0 };
  const asking = Array.from({ length: CALLERS }, async (_, caller) => {
    for (let n = 0; !traffic.ended; n += 1) await askUntilAnswered(host, `caller${caller}-${n}`, traffic);
  });
  const answeredMore = async (count: number): Promise<void> => {
    const before = traffic.answered.length;
    await until(() => traffic.answered.length >= before + count, `${count} more are answered`);
  };
  try {
    await answeredMore(50);
    await first.kill();
    await until(() => told.includes("open"), "the circuit is open");
    await until(() => told.filter((change) => change === "half open").length >= 2, "it was probed in vain");
    await using _second = await startBankProcess({ address, port: first.port });
    await until(() => told.includes("closed"), "the circuit is closed");
    await answeredMore(50);
    traffic.ended = true;
    await Promise.all(asking);
  } finally {
    traffic.ended = true;
    await Promise.allSettled(asking);
    await first.kill();
  }
  expect(traffic.failures.length).toBeGreaterThan(0);
  for (const failure of traffic.failures) {
    expect(failure).toMatchObject({ code: "DEPENDENCY_FAILED", status: 503 });
    expect(["CALL_UNREACHABLE", "CALL_CIRCUIT_OPEN"]).toContain(failure.inner);
  }
  expect(traffic.longestMs).toBeLessThan(CALL_MS_MAX);
  // Open and half open take turns until the one probe that found Bank again.
  expect(told[0]).toBe("open");
  expect(told.at(-1)).toBe("closed");
  const booked = (await rows(
    database.admin,
    "select note, count(*)::int as times from bank.booking group by note",
  )) as {
    note: string;
    times: number;
  }[];
  expect(booked.filter(({ times }) => times !== 1)).toEqual([]);
  const notes = new Set(booked.map(({ note }) => note));
  expect(traffic.answered.filter((key) => !notes.has(key))).toEqual([]);
  const [total] = (await rows(database.admin, "select sum(balance)::int as sum from bank.account")) as {
    sum: number;
  }[];
  expect(total?.sum).toBe(booked.length);
});

test("a process that is stopped, so that it takes connections and never answers: 504, an open circuit, and all is well when it goes on", async () => {
  await using bank = await startBankProcess({ address: database.appAddress("bank"), port: 0 });
  const { logger, told } = circuitLog();
  const calls = { openMs: 100, failuresMax: 3, slowAfterMs: 50 };
  const limit: InnerLimit = {};
  await using host = await reportOn(bank.url, { calls, logger }, limit);
  const ask = (key: string) =>
    host.report.ask({ account: "a" }, { key, deadlineMs: CALL_MS_MAX }).then(() => "answered", failureOf);
  expect(await ask("before")).toBe("answered");
  bank.child.kill("SIGSTOP");
  limit.deadlineMs = 200;
  const failures = [await ask("one"), await ask("two"), await ask("three")];
  for (const failure of failures)
    expect(failure).toEqual({ code: "DEPENDENCY_FAILED", status: 504, inner: "CALL_DEADLINE_EXCEEDED" });
  expect(told).toEqual(["open"]);
  expect(await ask("four")).toMatchObject({ code: "DEPENDENCY_FAILED", status: 503, inner: "CALL_CIRCUIT_OPEN" });
  bank.child.kill("SIGCONT");
  limit.deadlineMs = CALL_MS_MAX;
  await until(async () => (await ask("one")) === "answered", "the first is answered, with its own key");
  expect(told.at(-1)).toBe("closed");
  expect(
    await rows(
      database.admin,
      "select note, count(*)::int as times from bank.booking where note = 'one' group by note",
    ),
  ).toEqual([{ note: "one", times: 1 }]);
});

/** Something at a port that is no Polder. */
async function listenWith(connected: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    connected(socket);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

describe("what is no Polder at all", () => {
  const page = "<html>Welcome!</html>";
  test.each([
    ["takes connections and never answers", "CALL_DEADLINE_EXCEEDED", 504, () => undefined],
    ["answers with what is no HTTP", "CALL_UNREACHABLE", 503, (socket: Socket) => socket.end("\u0000garbage\r\n\r\n")],
    ["hangs up", "CALL_UNREACHABLE", 503, (socket: Socket) => socket.destroy()],
    [
      "answers with a page",
      "ANSWER_INVALID",
      503,
      (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${page.length}\r\n\r\n${page}`),
    ],
  ] as const)("%s: %s, and then an open circuit", async (_, inner, status, connected) => {
    await using listener = await listenWith(connected);
    const { logger, told } = circuitLog();
    const calls = { attemptsMax: 1, failuresMax: 2, slowAfterMs: 50, openMs: 600_000 };
    await using host = await reportOn(listener.url, { calls, logger }, { deadlineMs: 200 });
    const ask = (key: string) => host.report.ask({ account: "a" }, { key }).catch(failureOf);
    for (const key of ["one", "two"]) expect(await ask(key)).toEqual({ code: "DEPENDENCY_FAILED", status, inner });
    expect(told).toEqual(["open"]);
    expect(await ask("three")).toEqual({ code: "DEPENDENCY_FAILED", status: 503, inner: "CALL_CIRCUIT_OPEN" });
  });

  test("a fallback has the time to answer for what hangs until the deadline", async () => {
    await using listener = await listenWith(() => undefined);
    await homesOf([shelfImplementation]).fill(database);
    await using host = await hostOn(database, [shelfImplementation], { urls: { bank: listener.url } });
    const shelf = createClient(Shelf, "1.0.0", { transport: host.host.transport });
    expect(await shelf.show({ account: "a" }, { deadlineMs: 2_000 })).toEqual({
      ok: true,
      value: { balance: 0, because: "CALL_DEADLINE_EXCEEDED" },
    });
  });

  test("a host name that does not resolve: CALL_UNREACHABLE", async () => {
    await using host = await reportOn("http://bank.invalid:4000", {});
    expect(await host.report.ask({ account: "a" }).catch(failureOf)).toEqual({
      code: "DEPENDENCY_FAILED",
      status: 503,
      inner: "CALL_UNREACHABLE",
    });
  });
});
