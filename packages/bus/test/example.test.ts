import { randomUUID } from "node:crypto";
import { outboxInsert } from "@polder/postgres";
import { testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { growthSignal, postgresSource, runStream, startPresence, startRelay } from "../src/index.ts";
import { ledgerSubscription, openWholesale, sold, wholesaleHomes } from "./wholesale.ts";

test("the example of the README runs", async () => {
  await using server = await testServer();
  await using database = await server.database(wholesaleHomes);
  await using wholesale = openWholesale(database);
  const { sales, ledger } = wholesale;
  const handled = Promise.withResolvers<string>();
  const subscription = ledgerSubscription();
  // #region example
  const growth = growthSignal();
  const relay = startRelay({ domain: "sales", database: sales, growth });

  const instance = randomUUID();
  const presence = await startPresence({ domain: "ledger", database: ledger, instance });
  const source = postgresSource({ publisher: "sales", database: ledger, growth });
  const stream = runStream({
    subscription,
    source,
    database: ledger,
    instance,
    handle: async ([event], transaction) => {
      await transaction?.query("insert into entry (event_id, seq, article, n) values ($1, $2, $3, 1)", [
        event?.id,
        String(event?.seq),
        event?.key,
      ]);
      return { last: [], committed: () => handled.resolve(event?.key ?? "") };
    },
  });

  await sales.begin().commit([outboxInsert("sales", [sold("teapot", 1)])]);
  relay.wake();
  // #endregion example
  expect(await handled.promise).toBe("teapot");
  await stream.stop();
  await relay.stop();
  await presence.stop();
});
