import { randomUUID } from "node:crypto";
import { type Database, type OutboxEvent, outboxInsert, provision, publishedXid } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { homeScopes, inventory, order } from "./homes.ts";

let server: TestServer;
let database: TestDatabase;
let app: Database;

// PostgreSQL tells when each transaction committed: the truth that the order of events is held against.
beforeAll(async () => {
  server = await testServer({ own: "outbox", settings: { track_commit_timestamp: "on" } });
  database = await server.database();
  await provision({ ...database, homes: [order, inventory], scopes: homeScopes });
  app = database.openAs(order);
});
afterAll(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => database.admin.query('truncate "order"._outbox restart identity'));

const event = (key: string, data: unknown = {}, more: Partial<OutboxEvent> = {}): OutboxEvent => ({
  id: randomUUID(),
  key,
  type: "order.Placed",
  version: "1.0.0",
  data: JSON.stringify(data),
  headers: null,
  ...more,
});

async function outbox<Row>(columns: string): Promise<readonly Row[]> {
  return (await database.admin.query<Row>(`select ${columns} from "order"._outbox as o order by o.id`)).rows;
}

/** Keeps the server busy for a while, so that transactions overlap in many ways. */
const work = (rounds: number) => ({ text: "select count(*) from generate_series(1, $1::int)", values: [rounds] });

test("events of a key are in the order in which their transactions committed, whoever began first", async () => {
  const rounds = fc.integer({ min: 0, max: 20_000 });
  const keys = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
  const transaction = fc.record({ keys, before: rounds, after: rounds, early: fc.boolean() });
  const writer = fc.array(transaction, { minLength: 5, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(writer, { minLength: 4, maxLength: 8 }), async (writers) => {
      await database.admin.query('truncate "order"._outbox restart identity');
      const write = async (transactions: (typeof writers)[number]): Promise<void> => {
        for (const { keys: published, before, after, early } of transactions) {
          const tx = app.begin();
          // A small transaction id that publishes late: ids tell nothing about the order of commits.
          if (early) await tx.query("select pg_current_xact_id()");
          await tx.run(work(before));
          await tx.run(
            outboxInsert(
              "order",
              published.map((key) => event(key)),
            ),
          );
          await tx.commit([work(after)]);
        }
      };
      await Promise.all(writers.map(write));
      const rows = await outbox<{ key: string; at: string }>(
        "key, to_char(pg_xact_commit_timestamp(xid::xid), 'YYYY-MM-DD HH24:MI:SS.US') as at",
      );
      expect(rows).toHaveLength(writers.flat().flatMap(({ keys: published }) => published).length);
      for (const key of ["a", "b", "c"]) {
        const times = rows.filter((row) => row.key === key).map(({ at }) => at);
        expect(times).toEqual([...times].sort());
      }
    }),
    { numRuns: 8 },
  );
});

test("transactions with the same keys in opposite order never wait for each other in a circle", async () => {
  const keys = ["a", "b", "c", "d"];
  const publish = async (all: readonly string[]): Promise<void> => {
    for (let round = 0; round < 25; round += 1) {
      const tx = app.begin();
      await tx.run(
        outboxInsert(
          "order",
          all.map((key) => event(key)),
        ),
      );
      await tx.commit([work(1_000)]);
    }
  };
  const writers = [keys, [...keys].reverse(), ["b", "a", "d", "c"], ["d", "a", "c", "b"]];
  await Promise.all(writers.map(publish));
  expect(await outbox("id")).toHaveLength(4 * 4 * 25);
});

test("the events of a transaction are in the order in which they were published", async () => {
  const events = Array.from({ length: 5_000 }, (_, n) => event(`key-${n % 7}`, { n }));
  await app.begin().commit([outboxInsert("order", events)]);
  const rows = await outbox<{ n: number }>("(data->>'n')::int as n");
  expect(rows.map(({ n }) => n)).toEqual(events.map((_, n) => n));
});

test.each([1, 3])("of %i events it is known in which transaction they were published", async (count) => {
  const events = Array.from({ length: count }, (_, n) => event(`key-${n}`));
  const [inserted] = await app.begin().commit([outboxInsert("order", events)]);
  expect(await outbox("xid")).toEqual(events.map(() => ({ xid: publishedXid(inserted) })));
});

test("domains do not wait for each other's keys", async () => {
  await using other = database.openAs(inventory);
  const tx = app.begin();
  await tx.run(outboxInsert("order", [event("same")]));
  await other.begin().commit([outboxInsert("inventory", [event("same")])]);
  await tx.commit();
});

test("a transaction that is rolled back has published nothing", async () => {
  const tx = app.begin();
  await tx.run(outboxInsert("order", [event("a")]));
  await tx.rollback();
  await expect(
    app.begin().commit([outboxInsert("order", [event("a")]), { text: "select 1 / 0", values: [] }]),
  ).rejects.toMatchObject({ code: "22012" });
  expect(await outbox("id")).toEqual([]);
});

test("any text in an event comes through as it is", async () => {
  const text = fc
    .oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("'", "'; drop table _outbox; --", "{}", '{"a",b}', "NULL", "\\", "$1", ""),
    )
    .filter((value) => value.isWellFormed() && !value.includes("\0"));
  const one = fc.record({
    key: text,
    type: text,
    version: text,
    data: fc.jsonValue(),
    headers: fc.option(fc.jsonValue()),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 5 }), async (all) => {
      await database.admin.query('truncate "order"._outbox restart identity');
      const events = all.map(({ key, type, version, data, headers }) =>
        event(key, data, { type, version, headers: headers === null ? null : JSON.stringify(headers) }),
      );
      await app.begin().commit([outboxInsert("order", events)]);
      const rows = await outbox("event_id as id, key, type, version, data::text, headers::text");
      expect(rows).toEqual(events);
    }),
    { numRuns: 100 },
  );
});
