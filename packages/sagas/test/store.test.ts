import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { resumeSaga, sagaNewsInsert, showSaga } from "../src/index.ts";
import { openSagaStore, SagaLost } from "../src/store.ts";
import { openAgency, start, travelHome } from "./travel.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(travelHome);
});
afterEach(() => database[Symbol.asyncDispose]());

const rome = { domain: "travel", saga: "trip", key: "rome" };

test("whoever comes back late with a saga that somebody else has by now writes nothing", async () => {
  await using agency = await openAgency(database, []);
  const app = agency.database;
  const store = openSagaStore({ domain: "travel", database: app, owner: agency.instance, leaseMs: 60_000 });
  await start(app, "trip", "rome", { stops: 1, fails: false });
  const [held] = await store.claim({ names: ["trip"], max: 1 });
  if (held === undefined) throw new Error("it was not free");
  const step = { name: "hotel", position: 1, kind: "outside", attempts: 1, result: 1, error: null } as const;
  await store.write(held, { ...step, state: "begun" });
  await resumeSaga(database.admin, rome);

  await expect(store.write(held, { ...step, state: "done" })).rejects.toThrow(SagaLost);
  await expect(store.answer(held, { kind: "answered", output: 1 })).rejects.toThrow(SagaLost);
  await expect(store.turn(held, "too late", {})).rejects.toThrow(SagaLost);
  const transaction = app.begin();
  await transaction.query("insert into trip (trip, state) values ('rome', 'late')");
  await expect(transaction.commit(store.written(held, { ...step, state: "done" }))).rejects.toThrow("another owner");
  await store.letGo(held, { to: "end", state: "done" });
  expect((await database.admin.query("select from travel.trip")).rows).toEqual([]);
  expect(await showSaga(database.admin, rome)).toMatchObject({
    state: "forward",
    reason: null,
    answer: null,
    endedAt: null,
    steps: [{ name: "hotel", state: "begun" }],
  });
});

test("a saga does not fall asleep over an event that came while it was at work", async () => {
  await using agency = await openAgency(database, []);
  const app = agency.database;
  const store = openSagaStore({ domain: "travel", database: app, owner: agency.instance, leaseMs: 60_000 });
  await start(app, "paying", "rome", {});
  const [held] = await store.claim({ names: ["paying"], max: 1 });
  if (held === undefined) throw new Error("it was not free");
  const news = sagaNewsInsert(
    "travel",
    { name: "paying", key: "rome" },
    {
      id: "00000000-0000-4000-8000-000000000001",
      name: "bank.Paid",
      version: "1.0.0",
      key: "rome",
      data: {},
      at: new Date(0).toISOString(),
      seq: "1",
    },
  );
  await app.begin().commit(news);
  await store.letGo(held, { to: "sleep", inMs: 3_600_000, failures: 0 });
  expect(await store.claim({ names: ["paying"], max: 1 })).toMatchObject([{ key: "rome", news: 1 }]);
});

test("sagas that ended long ago are forgotten with their steps, so many at a time", async () => {
  await using agency = await openAgency(database, []);
  const app = agency.database;
  const store = openSagaStore({ domain: "travel", database: app, owner: agency.instance, leaseMs: 60_000 });
  await database.admin.query(
    `insert into travel._saga (saga, key, input, state, ended_at)
select 'trip', n::text, '{}', 'done', now() - make_interval(hours => 12, secs => n * 10) from generate_series(1, 9000) as n`,
  );
  await database.admin.query(
    `insert into travel._saga_step (saga_id, name, position, kind, state) select id, 'hotel', 1, 'local', 'done' from travel._saga`,
  );
  // Those from the 4,321st on ended more than a day ago.
  expect([await store.forget(1), await store.forget(1)]).toEqual([1_000, 1_000]);
  let rest = 0;
  for (let gone = await store.forget(1); gone > 0; gone = await store.forget(1)) rest += gone;
  expect(rest).toBeGreaterThan(2_670);
  expect(rest).toBeLessThan(2_690);
  const { rows } = await database.admin.query<{ same: boolean }>(
    "select (select count(*) from travel._saga) = (select count(*) from travel._saga_step) as same",
  );
  expect(rows).toEqual([{ same: true }]);
});
