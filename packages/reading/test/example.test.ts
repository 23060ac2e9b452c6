import { randomUUID } from "node:crypto";
import { growthSignal, postgresSource, runStream, startPresence, startRelay } from "@polder/bus";
import { createClient } from "@polder/http";
import { type Call, composition, type Domain, silentLogger } from "@polder/model";
import { openDatabase, outboxInsert } from "@polder/postgres";
import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { compose, type KeptCopies, keepCopies, publishersOf } from "../src/index.ts";
import { depot, makerNames, makersAnswered, provisionDepot, readEvents, tally } from "./depot.ts";
import { Order, Payment, Storefront, storefront } from "./order-history.ts";

test("the example of the README: a composition", async () => {
  const transport = {
    call: async ({ api }: { readonly api: string }) => {
      const payments = [{ orderId: "o1", amount: 5 }];
      return {
        kind: "answered",
        output: api === "order" ? { orders: [{ orderId: "o1", lines: [] }] } : { payments },
      } as const;
    },
  };
  // A host lends the clients that its handlers have.
  const call = ((contract: never) => createClient(contract, "1.0.0", { transport })) as unknown as Call<Domain>;
  // #region example
  const history = composition(storefront, Storefront.history, {
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId" } } },
    joins: {
      payments: {
        query: Payment.ofOrders,
        keys: ({ orders }) => orders.orders.map(({ orderId }) => orderId),
        optional: true,
      },
    },
    answer: ({ orders, payments }) => ({
      orders: orders.orders.map(({ orderId }) => ({ orderId, paid: payments?.one(orderId)?.amount ?? null })),
    }),
  });
  const { signal } = new AbortController();
  const input = { customerId: "c1" };
  const answer = await compose(history, { input, call, deadlineMs: 5_000, signal, log: silentLogger });
  // #endregion example
  expect(answer).toEqual({ orders: [{ orderId: "o1", paid: 5 }], missing: [] });
});

test("the example of the README: a read model and a replica", async () => {
  await using server = await testServer();
  await using database = await server.database();
  await provisionDepot(database);
  const open = (domain: string) => openDatabase({ ...database.appAddress(domain), schema: domain });
  await using makers = open("makers");
  await using goods = open("goods");
  await using own = open("depot");
  await makers.query("insert into maker (maker, n) values ('ada', 1)");
  const instance = randomUUID();
  let kept: KeptCopies | undefined;
  const subscriptions = (): readonly string[] => kept?.subscriptions() ?? [];
  const presence = await startPresence({ domain: "depot", database: own, instance, subscriptions });
  const growth = growthSignal();
  const relays = [
    startRelay({ domain: "makers", database: makers, growth }),
    startRelay({ domain: "goods", database: goods, growth }),
  ];
  // #region keeping
  const source = (publisher: string) => postgresSource({ publisher, database: own, growth });
  kept = keepCopies({
    domain: depot,
    copies: [tally, makerNames],
    database: own,
    source,
    startStreams: (handled) =>
      publishersOf(handled.subscription).map((publisher) =>
        runStream({ ...handled, source: source(publisher), instance }),
      ),
    seams: {
      read: readEvents,
      handle: async (_copied, _events, run) => await run(),
      call: () => makersAnswered(makers),
    },
    growth,
    instance,
    onSubscriptions: presence.show,
  });
  // #endregion keeping
  const data = JSON.stringify({ item: "teapot" });
  const made = { id: randomUUID(), key: "teapot", type: "goods.Made", version: "1.0.0", data, headers: null };
  await goods.begin().commit([outboxInsert("goods", [made])]);
  relays[1]?.wake();
  const rows = async (): Promise<string> => {
    const { rows: found } = await own.query(
      "select item as of, made as n from tally union all select maker, n from maker_name order by 1",
    );
    return JSON.stringify(found);
  };
  const wanted = JSON.stringify([
    { of: "ada", n: 1 },
    { of: "teapot", n: 1 },
  ]);
  await until(async () => (await rows()) === wanted, "the read model is written, and the replica is filled");
  await kept.stop();
  await Promise.all(relays.map((relay) => relay.stop()));
  await presence.stop();
});
