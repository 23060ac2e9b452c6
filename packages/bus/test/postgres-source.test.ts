import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { logHead, postgresSource } from "../src/index.ts";
import { eventSourceConformance } from "./event-source-conformance.ts";
import { openWholesale, publish, sold, subscriptionsOf, wholesaleHomes } from "./wholesale.ts";

eventSourceConformance("PostgreSQL", async () => {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await testServer());
  const database = stack.use(await server.database(wholesaleHomes));
  const wholesale = stack.use(openWholesale(database));
  let published = 0n;
  return {
    source: postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth }),
    publish: async (events) => {
      for (const { key, n, type } of events) await publish(wholesale.sales, sold(key, n, type));
      published += BigInt(events.length);
      wholesale.relay.wake();
      await until(async () => (await logHead(database.admin, "sales")) === published, "all are logged");
    },
    subscriptions: () => subscriptionsOf(database.admin),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

test("times come to the millisecond that PostgreSQL has written, whatever the microseconds", async () => {
  await using server = await testServer();
  await using database = await server.database(wholesaleHomes);
  await using wholesale = openWholesale(database);
  const times = 4_000;
  // Ends and beginnings of milliseconds, over thirty years.
  await database.admin.query(
    `insert into polder.log_sales (seq, outbox_id, part, event_id, key, type, version, data, at, relayed_at)
select n, n, 0, gen_random_uuid(), 'k', 'sales.Sold', '1.0.0', '{}', at, at
from (
  select n, timestamptz '2015-01-01Z' + date_trunc('milliseconds', n * interval '65.774321 hours') + (n % 3 - 1) * interval '1 microsecond' as at
  from generate_series(1, $1::int) n
) t`,
    [times],
  );
  await database.admin.query("update polder.relay set seq = $1 where domain = 'sales'", [times]);
  const { rows } = await database.admin.query<{ ms: string }>(
    "select floor(extract(epoch from at) * 1000)::text as ms from polder.log_sales order by seq",
  );
  const source = postgresSource({ publisher: "sales", database: wholesale.ledger, growth: wholesale.growth });
  const { events } = await source.read({
    after: 0n,
    parts: { lo: 0, hi: 63 },
    events: ["sales.Sold"],
    eventsMax: times,
  });
  expect(events.map(({ at }) => String(at.getTime()))).toEqual(rows.map(({ ms }) => ms));
  expect(events.map(({ relayedAt }) => relayedAt.getTime())).toEqual(events.map(({ at }) => at.getTime()));
});
