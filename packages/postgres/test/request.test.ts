import { answerInsert, type Database, findAnswer, forgetAnswers, type KeyedRequest } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { order, provisionHomes, rowOf } from "./homes.ts";

let server: TestServer;
let database: TestDatabase;
let app: Database;

beforeAll(async () => {
  server = await testServer();
  database = await server.database();
  await provisionHomes(database);
  app = database.openAs(order);
});
afterAll(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await app.query("delete from _request");
  await app.query("delete from orders");
});

const request = (input: unknown, key: string = "k"): KeyedRequest => ({ operation: "order.place", key, input });
const find = async (asked: KeyedRequest): Promise<unknown> => (await findAnswer(app, "order", asked))?.answer;
const reused = { code: "IDEMPOTENCY_KEY_REUSED", details: { operation: "order.place", key: "k" } };

/** A command as the runtime runs it: the effect and the answer in one transaction. */
async function place(asked: KeyedRequest, id: number): Promise<unknown> {
  const first = await find(asked);
  if (first !== undefined) return first;
  const tx = app.begin();
  try {
    await tx.sql`insert into orders values (${id})`;
    const answer = { placed: id };
    await tx.commit([answerInsert("order", asked, answer)]);
    return answer;
  } catch (error) {
    await tx.rollback();
    // The same request may have been answered meanwhile, and been in the way of this one.
    const meanwhile = await find(asked);
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
}

describe("the same key", () => {
  test("gets the same answer, and nothing happens twice", async () => {
    expect(await place(request({ sku: "tulip" }), 1)).toEqual({ placed: 1 });
    expect(await place(request({ sku: "tulip" }), 2)).toEqual({ placed: 1 });
    expect(await rowOf(app, "select array_agg(id) as ids from orders")).toEqual({ ids: [1] });
  });

  test("is another one for another operation", async () => {
    expect(await place(request({}), 1)).toEqual({ placed: 1 });
    expect(await place({ ...request({}), operation: "order.cancel" }, 2)).toEqual({ placed: 2 });
  });

  test("with another input is refused", async () => {
    await place(request({ sku: "tulip", n: 1 }), 1);
    for (const input of [{ sku: "tulip", n: 2 }, { sku: "tulip" }, { sku: "tulip", n: "1" }, null, []]) {
      await expect(place(request(input), 2)).rejects.toMatchObject(reused);
    }
    expect(await place(request({ n: 1, sku: "tulip" }), 2)).toEqual({ placed: 1 });
  });

  test("at the same time: one happens, and all get its answer", async () => {
    for (let round = 0; round < 5; round += 1) {
      const asked = request({ sku: "tulip" }, `round ${round}`);
      const ids = Array.from({ length: 8 }, (_, n) => round * 100 + n);
      const answers = await Promise.all(ids.map((id) => place(asked, id)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    }
    expect(await rowOf(app, "select count(*)::int as n from orders")).toEqual({ n: 5 });
  });

  test("at the same time with another input: one happens, the others are refused", async () => {
    const results = await Promise.allSettled([1, 2, 3, 4].map((id) => place(request({ id }), id)));
    const refusals = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(refusals).toHaveLength(3);
    for (const refusal of refusals) expect(refusal).toMatchObject(reused);
    expect(await rowOf(app, "select count(*)::int as n from orders")).toEqual({ n: 1 });
  });

  test("has no answer when the command failed", async () => {
    await expect(place(request({}), Number.NaN)).rejects.toMatchObject({ code: "22P02" });
    expect(await find(request({}))).toBeUndefined();
    expect(await place(request({}), 3)).toEqual({ placed: 3 });
  });
});

test("any input and any answer is kept as it is, the order of fields aside", async () => {
  const backwards = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(backwards);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, part]) => [name, backwards(part)]),
    );
  };
  const json = fc.jsonValue({ noUnicodeString: false });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(json, json, async (input, answer) => {
      n += 1;
      await app.run(answerInsert("order", request(input, `${n}`), answer));
      expect(await find(request(backwards(input), `${n}`))).toEqual(JSON.parse(JSON.stringify(answer)));
      await expect(find(request([input], `${n}`))).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    }),
    { numRuns: 100 },
  );
});

test("an operation without input or answer has a key as well", async () => {
  await app.run(answerInsert("order", request(undefined), undefined));
  expect(await find(request(undefined))).toBeNull();
});

test("an answer is kept with its transaction; of one that an older release has stored it is not known", async () => {
  const tx = app.begin();
  const { rows } = await tx.query<{ xid: string; at: Date }>("select pg_current_xact_id() as xid, now() as at");
  await tx.commit([answerInsert("order", request({}), 1)]);
  expect(await findAnswer(app, "order", request({}))).toEqual({ answer: 1, ...rows[0] });
  await database.admin.query(
    'insert into "order"._request (operation, key, input_hash, answer) select operation, \'old\', input_hash, answer from "order"._request',
  );
  expect(await findAnswer(app, "order", request({}, "old"))).toMatchObject({ answer: 1, xid: null });
});

test("old answers are forgotten, so many at a time", async () => {
  await database.admin.query(
    `insert into "order"._request (operation, key, input_hash, answer, at)
select 'order.place', n::text, '', '{}', now() - make_interval(days => 1, mins => n, secs => 30) from generate_series(1, 9000) as n`,
  );
  expect(await forgetAnswers(app, "order", 2)).toBe(5_000);
  // The oldest have gone first.
  expect(await rowOf(app, "select max(key::int) as oldest from _request")).toEqual({ oldest: 4_000 });
  expect(await forgetAnswers(app, "order", 2)).toBe(2_561);
  expect(await forgetAnswers(app, "order", 2)).toBe(0);
  expect(await rowOf(app, "select count(*)::int as n from _request")).toEqual({ n: 1_439 });
});
