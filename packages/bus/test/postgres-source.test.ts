import { testServer, until } from "@polder/postgres/testing";
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
