import type { OutboxEvent } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { about, entries, type Market, openMarket, type Published, provisionMarket } from "./market.ts";

// Every step of an event's way is taken by the test, one at a time and in any order: publish, commit, relay, deliver,
// park and try again. What the steps call is what Polder itself calls.

let server: TestServer;

// A server of its own: transactions stay open here.
beforeAll(async () => {
  server = await testServer({ own: "freshness" });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The parts are in the hands of three processes. */
const ranges = [
  { lo: 0, hi: 15 },
  { lo: 16, hi: 40 },
  { lo: 41, hi: 63 },
];

const step = fc.oneof(
  fc.record({
    kind: fc.constant("begin" as const),
    events: fc.array(
      fc.record({
        article: fc.constantFrom("a", "b", "c", "d", "e", "f"),
        type: fc.constantFrom("sales.Sold", "sales.Sold", "sales.Returned"),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({ kind: fc.constant("commit" as const), nth: fc.nat(3) }),
  fc.record({ kind: fc.constant("relay" as const), eventsMax: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant("deliver" as const),
    range: fc.constantFrom(...ranges),
    eventsMax: fc.integer({ min: 1, max: 3 }),
    fails: fc.subarray(["a", "b"]),
  }),
  fc.record({ kind: fc.constant("retry" as const), article: fc.constantFrom("a", "b") }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type StepOf<Kind> = Extract<Step, { readonly kind: Kind }>;

/** A query that is not to be older than what was committed. */
interface Query {
  /** What it is to see. */
  readonly ids: readonly string[];
  /** All that was published with it. */
  readonly published: readonly string[];
  /** Gives what it sees. */
  readonly answer: Promise<readonly string[]>;
  isAnswered: boolean;
}

test("a query never sees a state without what it is not to be older than, and is answered as soon as it is there", {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      await using database = await server.database();
      await provisionMarket(database);
      await using market = await openMarket(database);
      for (const { lo, hi } of ranges)
        await market.ledger.query(
          "insert into _checkpoint (subscription, publisher, part_lo, part_hi, seq) values ($1, 'sales', $2, $3, 0)",
          [entries.subscription, lo, hi],
        );
      const run = openRun(database, market);
      try {
        for (const one of steps) {
          await run.take(one);
          for (const query of run.queries) {
            // What is there is answered without another step. What is answered, by this or before, was there.
            if (query.isAnswered || (await isThere(query, database))) expect(await query.answer).toEqual(query.ids);
          }
        }
      } finally {
        await run.end();
      }
    }),
    // A query that is not answered takes its whole time: smaller counterexamples are not looked for.
    { numRuns: 15, endOnFailure: true },
  );
});

/**
 * Has it been handled, with what happened to the same articles before? And has the whole transaction been moved: a
 * backlog may have been cut in its middle.
 */
async function isThere({ ids, published }: Query, { admin }: TestDatabase): Promise<boolean> {
  const { rows } = await admin.query<{ there: boolean }>(
    `with own as (
  select seq, key from polder.log_sales where event_id = any ($1)
)
select (select count(*) from own) = cardinality($1::uuid[]) and not exists (
  select from polder.log_sales l
  where l.type = 'sales.Sold' and l.key in (select key from own) and l.seq <= (select max(seq) from own)
    and not exists (select from ledger.entry e where e.event_id = l.event_id)
) as there`,
    [published],
  );
  return ids.length === 0 || rows[0]?.there === true;
}

/** What a run has under way. */
interface Run {
  readonly queries: readonly Query[];
  readonly take: (one: Step) => Promise<void>;
  readonly end: () => Promise<void>;
}

function openRun({ admin }: TestDatabase, market: Market): Run {
  const open: { readonly events: readonly OutboxEvent[]; readonly commit: () => Promise<Published> }[] = [];
  const queries: Query[] = [];
  const ending = new AbortController();
  const asked = { api: "ledger", operation: "list", waitMs: 20_000, signal: ending.signal };

  const begin = async (step: StepOf<"begin">): Promise<void> => {
    // Whoever publishes about an article waits for others that do, and here nobody would let those go on.
    const taken = new Set(open.flatMap(({ events }) => events.map(({ key }) => key)));
    const free = step.events.filter(({ article }) => !taken.has(article));
    const events = free.map(({ article, type }) => about(article, type));
    if (events.length > 0 && open.length < 3) open.push({ events, ...(await market.begin(...events)) });
  };
  const commit = async ({ nth }: StepOf<"commit">): Promise<void> => {
    const [one] = open.splice(nth % Math.max(1, open.length), 1);
    if (one === undefined) return;
    const { position, ids: published } = await one.commit();
    const ids = one.events.filter(({ type }) => entries.events.includes(type)).map(({ id }) => id);
    const answer = market.freshness.reached({ ...asked, notBefore: [position] }).then(() => market.found(ids));
    const seen = answer.then((found) => found.toSorted());
    const query: Query = { ids: ids.sort(), published, answer: seen, isAnswered: false };
    query.answer.then(
      () => {
        query.isAnswered = true;
      },
      () => undefined,
    );
    queries.push(query);
  };
  return {
    queries,
    take: async (one) => {
      if (one.kind === "begin") await begin(one);
      if (one.kind === "commit") await commit(one);
      if (one.kind === "relay") {
        await admin.query("select polder.relay_sales($1)", [one.eventsMax]);
        market.growth.grown("sales");
      }
      if (one.kind === "deliver") await deliver(market, one);
      if (one.kind === "retry") await retry(market, one.article);
      market.freshness.handled(entries.subscription);
    },
    end: async () => {
      ending.abort(new Error("the run is over"));
      for (const one of open) await one.commit();
      await Promise.allSettled(queries.map(({ answer }) => answer));
    },
  };
}

interface Delivered {
  readonly seq: string;
  readonly id: string;
  readonly key: string;
  readonly at: Date;
  /** It cannot be handled now, or an earlier one of its key could not. */
  readonly parks: boolean;
}

/** A page for one range: what is handled, what is parked, and the checkpoint, in one transaction. */
async function deliver({ ledger }: Market, { range, eventsMax, fails }: StepOf<"deliver">): Promise<void> {
  const { lo, hi } = range;
  const transaction = ledger.begin();
  const { rows } = await transaction.query<Delivered>(
    `select l.seq, l.event_id as id, l.key, l.at,
  l.key = any ($4) or exists (select from _parked p where p.key = l.key and p.subscription = $1) as parks
from _checkpoint c, polder.read_sales(c.seq, 1000000, $2, $3, '{sales.Sold}', $5) as l
where c.subscription = $1 and c.publisher = 'sales' and c.part_lo = $2 and l.seq is not null
order by l.seq`,
    [entries.subscription, lo, hi, fails, eventsMax],
  );
  for (const { seq, id, key, at, parks } of rows) {
    if (parks)
      await transaction.query(
        `insert into _parked (subscription, publisher, seq, part, event_id, key, type, version, data, at, state)
values ($1, 'sales', $2, get_byte(sha256(convert_to($4, 'UTF8')), 0) & 63, $3, $4, 'sales.Sold', '1.0.0', '{}', $5, 'retry')`,
        [entries.subscription, seq, id, key, at],
      );
    else await transaction.query("insert into entry (event_id, article) values ($1, $2)", [id, key]);
  }
  const last = rows.at(-1);
  if (last === undefined) return await transaction.rollback();
  const values = [entries.subscription, lo, hi, last.seq];
  await transaction.commit([{ text: "select _advance($1, 'sales', $2, $3, 0, $4)", values }]);
}

/** What was parked of an article is handled after all. */
async function retry({ ledger }: Market, article: string): Promise<void> {
  await ledger.query(
    `with gone as (delete from _parked where key = $1 returning event_id, key)
insert into entry (event_id, article) select event_id, key from gone`,
    [article],
  );
}
