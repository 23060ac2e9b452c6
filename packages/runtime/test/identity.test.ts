import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, httpTransport } from "@polder/http";
import {
  type Domain,
  domain,
  need,
  outsideSubscription,
  silentLogger,
  subscription,
  team,
  type User,
} from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { decodeProtectedHeader } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Identity, openIdentity, openKeyRing, publicKeysPlace } from "../src/index.ts";
import { Bank, type BankBehaviour, bank, bankWith, Counted, Report, readBalance, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn } from "./hosting.ts";

const teller = domain("teller", {
  owner: team("Tellers", { contact: "#tellers" }),
  capability: "Serve at the counter",
  needs: [need(Bank, "1.0.0"), need(Report, "1.0.0")],
});
const declarations: readonly Domain[] = [bank, report, teller];
const ada: User = { subject: "ada", issuer: "https://id.test" };

let server: TestServer;
let database: TestDatabase;
let directory: string;
let nowMs: number;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(bankHomes);
  directory = await mkdtemp(join(tmpdir(), "polder-keys-"));
  nowMs = Date.now();
  ring().ensure(["bank", "report", "teller"]);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const place = () => publicKeysPlace({ given: undefined, directory, polderDirectory: directory });
const ring = () => openKeyRing({ place: place(), secrets: openSecrets({ directory, env: {} }), now: () => nowMs });

/** What a process has: with key sets and secrets of its own, on the same disk as the others. */
function identityOfProcess(known = declarations, aheadMs = 0): Identity {
  const secrets = openSecrets({ directory, env: {} });
  const now = () => nowMs + aheadMs;
  return openIdentity({ declarations: () => known, place: place(), secrets, logger: silentLogger, now });
}

interface Seen {
  readonly caller: string | undefined;
  readonly user: User | undefined;
}

/** Bank that notes who asks for balances. */
function watchedBank() {
  const seen: Seen[] = [];
  const first = Promise.withResolvers<Seen>();
  const balance: BankBehaviour["balance"] = async (context) => {
    const { caller, user } = context;
    seen.push({ caller, user });
    first.resolve({ caller, user });
    return await readBalance(context);
  };
  return { implementation: bankWith({ balance }), seen, first: first.promise };
}

/** Bank and Report in processes of their own, as far as they can tell. */
async function twoHosts(implementation = bankWith(), subscriptions = [] as Parameters<typeof reportWith>[0]) {
  const bankHost = await hostOn(database, [implementation], { identity: identityOfProcess() });
  const urls = { bank: bankHost.host.url };
  const reportHost = await hostOn(database, [reportWith(subscriptions)], { identity: identityOfProcess(), urls });
  const { authorize } = identityOfProcess();
  const transportTo = (baseUrl: string) => httpTransport({ baseUrl, authorize });
  return {
    bankUrl: bankHost.host.url,
    bank: createClient(Bank, "1.0.0", { transport: transportTo(bankHost.host.url), caller: "teller", user: ada }),
    report: createClient(Report, "1.0.0", { transport: transportTo(reportHost.host.url), caller: "teller", user: ada }),
    [Symbol.asyncDispose]: async () => {
      await reportHost[Symbol.asyncDispose]();
      await bankHost[Symbol.asyncDispose]();
    },
  };
}

describe("between processes", () => {
  test("a handler knows the domain that calls, and the user for whom the first call was made", async () => {
    const { implementation, seen } = watchedBank();
    await using hosts = await twoHosts(implementation);
    expect(await hosts.report.ask({ account: "a" })).toMatchObject({ ok: true });
    expect(seen).toEqual([{ caller: "report", user: ada }]);
  });

  test("nobody gets in without a token, and no domain that has not declared it", async () => {
    await using hosts = await twoHosts();
    const plain = await fetch(`${hosts.bankUrl}/bank/v1/accounts/a`);
    expect([plain.status, ((await plain.json()) as { code: string }).code]).toEqual([401, "CALLER_MISSING"]);
    const { authorize } = identityOfProcess();
    const transport = httpTransport({ baseUrl: hosts.bankUrl, authorize });
    const own = createClient(Bank, "1.0.0", { transport, caller: "bank" });
    await expect(own.balance({ account: "a" })).rejects.toMatchObject({ code: "CALLER_UNDECLARED" });
    expect((await fetch(`${hosts.bankUrl}/readyz`)).status).toBe(200);
  });

  test("clocks that are minutes apart: the refusal has its own code, and says how far apart they are and what to do", async () => {
    await using host = await hostOn(database, [bankWith()], { identity: identityOfProcess() });
    const balanceBy = (aheadMs: number) => {
      const { authorize } = identityOfProcess(declarations, aheadMs);
      const transport = httpTransport({ baseUrl: host.host.url, authorize });
      return createClient(Bank, "1.0.0", { transport, caller: "teller" }).balance({ account: "a" });
    };
    // Keys sign from the moment when they were made: the caller whose clock is behind has had its own for a while.
    // Whole seconds: tokens know no others.
    nowMs = Math.ceil(nowMs / 1_000) * 1_000 + 600_000;
    for (const bearableMs of [-4_000, 4_000]) expect(await balanceBy(bearableMs)).toMatchObject({ refusal: "Unknown" });
    await expect(balanceBy(300_000)).rejects.toMatchObject({
      code: "CALLER_TOKEN_EARLY",
      message: expect.stringMatching(/made 300 seconds in the future .* clocks .* apart; set them \(NTP\)/),
    });
    await expect(balanceBy(-300_000)).rejects.toMatchObject({
      code: "CALLER_TOKEN_EXPIRED",
      message: expect.stringMatching(/ran out 270 seconds ago .* clocks .* apart.* set the clocks \(NTP\)/),
    });
  });

  test("keys are replaced while calls go on: none fails, and no process starts again", async () => {
    await using hosts = await twoHosts();
    const states = async () => Object.fromEntries((await ring().list()).map(({ kid, state }) => [kid, state]));
    const seconds = 5;
    for (let step = 0; step < 100; step += 1) {
      if (step === 5) ring().rotate(["bank", "report", "teller"], { delaySeconds: 60 });
      if (step === 6) expect(await states()).toMatchObject({ "report.1": "signing", "report.2": "next" });
      if (step === 20) expect(await states()).toMatchObject({ "report.1": "replaced", "report.2": "signing" });
      if (step === 90) expect(ring().retire()).toEqual(["bank.1", "report.1", "teller.1"]);
      expect(await hosts.report.ask({ account: "a" })).toMatchObject({ ok: true });
      nowMs += seconds * 1_000;
    }
    expect(Object.keys(await states())).toEqual(["bank.2", "report.2", "teller.2"]);
  });

  test("a process that does not have the private half of its newest key yet is called all the same", async () => {
    const env = { POLDER_SECRET_BANK_KEY_1: openSecrets({ directory, env: {} }).get("bank_key_1") };
    const secrets = openSecrets({ directory: join(directory, "elsewhere"), env });
    const parts = { declarations: () => declarations, place: place(), logger: silentLogger, now: () => nowMs };
    await using host = await hostOn(database, [bankWith()], { identity: openIdentity({ ...parts, secrets }) });
    const { authorize } = identityOfProcess();
    const algorithms: unknown[] = [];
    const transport = httpTransport({
      baseUrl: host.host.url,
      authorize: async (...request) => {
        const headers = await authorize(...request);
        algorithms.push(decodeProtectedHeader(headers["polder-caller"] ?? "").alg);
        return headers;
      },
    });
    const teller = createClient(Bank, "1.0.0", { transport, caller: "teller" });
    expect(await teller.balance({ account: "a" })).toMatchObject({ refusal: "Unknown" });
    ring().rotate(["bank"], { delaySeconds: 0 });
    nowMs += 120_000;
    for (const _ of [1, 2]) expect(await teller.balance({ account: "a" })).toMatchObject({ refusal: "Unknown" });
    expect(algorithms).toEqual(["HS256", "HS256", "EdDSA", "EdDSA"]);
  });

  test("a process without its private key does not start: KEY_MISSING", async () => {
    const identity = openIdentity({
      declarations: () => declarations,
      place: place(),
      secrets: openSecrets({ directory: join(directory, "elsewhere"), env: {} }),
      logger: silentLogger,
    });
    await expect(hostOn(database, [bankWith()], { identity })).rejects.toMatchObject({
      code: "KEY_MISSING",
      details: { domain: "bank" },
    });
  });
});

describe("inside one process", () => {
  test("the runtime names the caller, and the same rules hold", async () => {
    const { implementation, seen } = watchedBank();
    const identity = identityOfProcess();
    await using host = await hostOn(database, [implementation, reportWith()], { identity });
    const { transport } = host.host;
    const asTeller = createClient(Report, "1.0.0", { transport, caller: "teller", user: ada });
    expect(await asTeller.ask({ account: "a" })).toMatchObject({ ok: true });
    expect(seen).toEqual([{ caller: "report", user: ada }]);
    await expect(host.report.ask({ account: "a" })).rejects.toMatchObject({ code: "CALLER_MISSING" });
    const asBank = createClient(Report, "1.0.0", { transport, caller: "bank" });
    await expect(asBank.ask({ account: "a" })).rejects.toMatchObject({ code: "CALLER_UNDECLARED" });
  });

  test("a call that the callee's declarations do not know yet is refused", async () => {
    await using host = await hostOn(database, [bankWith(), reportWith()], {
      identity: identityOfProcess([bank, teller]),
    });
    const asTeller = createClient(Report, "1.0.0", { transport: host.host.transport, caller: "teller" });
    await expect(asTeller.ask({ account: "a" })).rejects.toMatchObject({
      code: "CALL_FAILED",
      details: { problem: { status: 500, code: "HANDLER_FAILED" } },
    });
  });
});

describe("the user travels with events", () => {
  test("to the handlers of subscriptions, what they call, and what they publish", async () => {
    const { implementation, first } = watchedBank();
    const users: unknown[] = [];
    const subscriptions = [
      subscription(report, "count", {
        "bank.Booked": async ({ event, tx }) => {
          users.push(event.user);
          tx.publish(Counted, { account: event.data.account });
        },
      }),
      outsideSubscription(report, "check", {
        "bank.Booked": async ({ event, call }) => {
          await call(Bank).balance({ account: event.data.account });
        },
      }),
    ];
    await using hosts = await twoHosts(implementation, { subscriptions });
    await hosts.bank.book({ account: "a", amount: 5 });
    expect(await first).toEqual({ caller: "report", user: ada });
    await expect
      .poll(async () => (await database.admin.query("select headers from report._outbox")).rows)
      .toEqual([{ headers: { "polder-user": ada } }]);
    expect(users).toEqual([ada]);
  });
});
