import { growthSignal } from "@polder/bus";
import {
  type CallRequest,
  type CallTransport,
  createClient,
  createDispatcher,
  httpTransport,
  localTransport,
  serveHttp,
} from "@polder/http";
import {
  type ClientOf,
  handler,
  type Implementation,
  implement,
  isPolderError,
  readModel,
  readPosition,
  saga,
  silentLogger,
} from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { makeBuilds } from "@polder/reading";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { runDomain } from "../src/domain/run-domain.ts";
import { openObserver } from "../src/observe/host-observer.ts";
import { Bank, bankWith, Counted, Report, report, reportWith } from "./bank.ts";
import { homesOf, hostOn, rows, type TestHost } from "./hosting.ts";
import { Shelf, shelfImplementation } from "./shelf.ts";

let server: TestServer;
let database: TestDatabase;

const homes = homesOf([bankWith(), reportWith(), shelfImplementation]);

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(homes);
  await makeBuilds({ admin: database.admin, home: homeOf("report"), copies: [tally] });
});
afterEach(() => database[Symbol.asyncDispose]());

/** The position of an outcome that has one. */
function positionOf(outcome: object): string {
  const { position } = outcome as { readonly position?: string };
  if (position === undefined) throw new Error("the answer has no position");
  return position;
}

describe("a command's answer", () => {
  test("says what it has published", async () => {
    await using host = await hostOn(database, [bankWith()]);
    const outcome = await host.bank.book({ account: "a", amount: 5 });
    const [row] = await rows(database.admin, "select xid, event_id as last from bank._outbox");
    expect(readPosition(positionOf(outcome))).toEqual({
      publisher: "bank",
      deployment: expect.any(String),
      events: ["bank.Booked"],
      keys: [expect.any(String)],
      ...row,
    });
  });

  test("says nothing where nothing was published, and where it is a refusal", async () => {
    await using silent = await hostOn(database, [bankWith({ book: async () => ({ balance: 0 }) })]);
    expect(await silent.bank.book({ account: "a", amount: 5 }, { key: "k" })).toEqual({
      ok: true,
      value: { balance: 0 },
    });
    expect(await silent.bank.book({ account: "a", amount: 5 }, { key: "k" })).toEqual({
      ok: true,
      value: { balance: 0 },
    });
    await using host = await hostOn(database, [bankWith()]);
    expect(await host.bank.book({ account: "a", amount: -5 })).not.toHaveProperty("position");
  });

  test("says it again under the same key, also from another process", async () => {
    const book = async (host: TestHost) => await host.bank.book({ account: "a", amount: 5 }, { key: "k" });
    let position: string;
    {
      await using host = await hostOn(database, [bankWith()]);
      position = positionOf(await book(host));
      expect(positionOf(await book(host))).toBe(position);
    }
    await using host = await hostOn(database, [bankWith()]);
    expect(positionOf(await book(host))).toBe(position);
  });

  test.each([
    [
      "that an older release has stored",
      "update bank._request set xid = null, answer = (answer::jsonb - 'published')::json",
    ],
    [
      "that was stored in the database from which this one was restored",
      `update bank._request set answer = jsonb_set(answer::jsonb, '{published,deployment}', '"0123456789abcdef"')::json`,
    ],
  ])("%s stands for all that was published by now, and since the command began", async (_, change) => {
    await using host = await hostOn(database, [bankWith()]);
    const first = readPosition(positionOf(await host.bank.book({ account: "a", amount: 5 }, { key: "k" })));
    await database.admin.query(change);
    const again = readPosition(positionOf(await host.bank.book({ account: "a", amount: 5 }, { key: "k" })));
    const [row] = (await rows(database.admin, "select at from bank._request")) as [{ at: Date }];
    expect(again).toEqual({
      publisher: "bank",
      deployment: first?.deployment,
      xid: expect.any(String),
      since: row.at.getTime(),
    });
    expect(BigInt(again?.xid ?? 0)).toBeGreaterThan(BigInt(first?.xid ?? 0));
  });

  test("that a saga gives stands for all that was published since the saga was started", async () => {
    const asking = saga(report, "asking", {
      input: z.object({ account: z.string() }),
      answers: Report.ask,
      run: async ({ input, local, answer }) => {
        await local("count", {
          run: async ({ tx }) => {
            tx.publish(Counted, { account: input.account });
          },
        });
        await answer({ text: "counted" });
      },
    });
    const implementation = reportWith({
      ask: async ({ input, key, tx }) => tx.start(asking, key, input),
      sagas: [asking],
    });
    await using host = await hostOn(database, [bankWith(), implementation]);
    const before = Date.now() - 60_000;
    for (const _ of ["first", "again"]) {
      const position = readPosition(positionOf(await host.report.ask({ account: "a" }, { key: "k" })));
      const [row] = (await rows(database.admin, "select xid, at from report._outbox")) as [{ xid: string; at: Date }];
      expect(BigInt(position?.xid ?? 0)).toBeGreaterThan(BigInt(row.xid));
      expect(position?.since).toBeGreaterThan(before);
      expect(position?.since).toBeLessThanOrEqual(row.at.getTime());
      expect(position).not.toHaveProperty("keys");
    }
  });
});

/** What Bank books, kept to be added up. */
const tally = readModel(report, "tally", {
  version: 1,
  tables: "create table tally (account text not null, amount integer not null)",
  each: {
    "bank.Booked": async ({ event, tx }) => {
      await tx.sql`insert into tally (account, amount) values (${event.data.account}, ${event.data.amount})`;
    },
  },
});

/** Report, whose total is that of the read model. */
const reporting: Implementation = implement(report, {
  apis: {
    report: {
      ...reportWith().apis["report"],
      total: handler(report, Report.total, async ({ tx }) => {
        const [sum] = await tx.sql<{ total: number }>`select coalesce(sum(amount), 0)::int as total from tally`;
        return { total: sum?.total ?? 0 };
      }),
    },
  } as never,
  readModels: [tally],
});

interface Running extends AsyncDisposable {
  readonly bank: ClientOf<typeof Bank>;
  readonly report: ClientOf<typeof Report>;
  readonly url: string;
  /** Starts to deliver events. */
  readonly deliver: () => void;
}

/** Bank and Report at work, called over HTTP. */
async function runBoth(reporter: Implementation = reporting): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const databases = new Map<string, Database>();
  for (const name of ["bank", "report"]) databases.set(name, opened.use(database.openAs(homeOf(name))));
  const growth = growthSignal();
  const observer = await openObserver({ metrics: false }, silentLogger);
  const open = async (implementation: Implementation) => {
    const { name } = implementation.domain;
    const own = databases.get(name) as Database;
    const running = await runDomain({
      implementation,
      database: own,
      publisherDatabase: () => own,
      growth,
      findTransport: () => httpTransport({ baseUrl: "http://127.0.0.1:1" }),
      logger: silentLogger,
      observer,
      leaseMs: 3_000,
    });
    opened.defer(() => running.stop({ signal: new AbortController().signal }));
    return running;
  };
  const running = [await open(bankWith()), await open(reporter)];
  const dispatcher = createDispatcher({ served: running.map(({ served }) => served) });
  const { url } = opened.use(await serveHttp({ dispatcher, port: 0 }));
  const transport = httpTransport({ baseUrl: url });
  const all = opened.move();
  return {
    bank: createClient(Bank, "1.0.0", { transport }),
    report: createClient(Report, "1.0.0", { transport }),
    url,
    deliver: () => {
      for (const one of running) one.deliver();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

describe("a query", () => {
  test("that is not to be older than a command shows what it has done", async () => {
    await using running = await runBoth();
    running.deliver();
    const { bank, report: reports } = running;
    let sum = 0;
    for (let amount = 1; amount <= 30; amount += 1) {
      // #region ask
      const booked = await bank.book({ account: "a", amount });
      if (!booked.ok) throw new Error(booked.refusal);
      const shown = await reports.total({}, { notBefore: booked.position });
      // #endregion ask
      sum += amount;
      expect(shown).toEqual({ ok: true, value: { total: sum } });
    }
  });

  test("may be answered with what there is where the new does not come in time", async () => {
    await using running = await runBoth();
    const { report: reports } = running;
    const position = positionOf(await running.bank.book({ account: "a", amount: 5 }));
    // #region rather-old
    const shown = await reports.total({}, { notBefore: position, deadlineMs: 500 }).catch(async (error: unknown) => {
      if (!isPolderError(error, "READ_MODEL_BEHIND")) throw error;
      return { ...(await reports.total({})), isOld: true };
    });
    // #endregion rather-old
    expect(shown).toEqual({ ok: true, value: { total: 0 }, isOld: true });
  });

  test("by HTTP alone: what is behind is 412, and says so in time", async () => {
    await using running = await runBoth();
    const booked = await fetch(`${running.url}/bank/v1/bookings`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ account: "a", amount: 5 }),
    });
    const position = booked.headers.get("polder-position") ?? "";
    const total = `${running.url}/report/v1/total?notBefore=${position}`;
    const behind = await fetch(total, { headers: { "polder-deadline-ms": "1000" } });
    expect(behind.status).toBe(412);
    expect(await behind.json()).toMatchObject({
      code: "READ_MODEL_BEHIND",
      behind: { readModel: "tally", publisher: "bank", lagEvents: 1, parkedEvents: 0 },
    });
    running.deliver();
    expect(await (await fetch(total)).json()).toEqual({ total: 5 });
  });

  test("waits only for what its handler reads", async () => {
    const total = handler(report, Report.total, async () => ({ total: -1 }), { reads: [] });
    const apis = { report: { ...reporting.apis["report"], total } } as never;
    await using running = await runBoth(implement(report, { apis, readModels: [tally] }));
    const position = positionOf(await running.bank.book({ account: "a", amount: 5 }));
    // Nothing is delivered.
    expect(await running.report.total({}, { notBefore: position })).toEqual({ ok: true, value: { total: -1 } });
  });

  test("holds no connection while it waits", async () => {
    await using running = await runBoth();
    const position = positionOf(await running.bank.book({ account: "a", amount: 5 }));
    const waiting = Array.from({ length: 60 }, () => running.report.total({}, { notBefore: position }));
    // Ten connections are there for all, and one query after the other gets one.
    for (let call = 0; call < 20; call += 1) await running.report.total({});
    running.deliver();
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ value: { total: 5 } });
  });

  test("asks the domains that it calls for what is not older either", async () => {
    const asked: CallRequest[] = [];
    const own = database.openAs(homeOf("shelf"));
    await using opened = new AsyncDisposableStack();
    opened.defer(() => own.close());
    const transport: CallTransport = {
      call: async (request) => {
        asked.push(request);
        return { kind: "answered", output: { balance: 5 } };
      },
    };
    const running = await runDomain({
      implementation: shelfImplementation,
      database: own,
      publisherDatabase: () => own,
      growth: growthSignal(),
      findTransport: () => transport,
      logger: silentLogger,
      observer: await openObserver({ metrics: false }, silentLogger),
    });
    opened.defer(() => running.stop({ signal: new AbortController().signal }));
    const client = createClient(Shelf, "1.0.0", {
      transport: localTransport(createDispatcher({ served: [running.served] })),
    });
    await using host = await hostOn(database, [bankWith()]);
    const position = positionOf(await host.bank.book({ account: "a", amount: 5 }));
    await client.show({ account: "a" }, { notBefore: position });
    await client.show({ account: "a" });
    expect(asked.map(({ notBefore }) => notBefore)).toEqual([[position], undefined]);
  });
});
