import { strikeWorkers, testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { about, openMarket, provisionMarket } from "./market.ts";

const points = [
  "relay:before-step",
  "relay:after-step",
  "read:before",
  "read:after",
  "deliver:before-commit",
  "deliver:after-commit",
];

test("8 kills of processes that relay and deliver: every query is answered, and sees what it is not to be older than", {
  timeout: 300_000,
}, async ({ signal }) => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  await using server = await testServer({ own: "kills" });
  await using database = await server.database();
  await provisionMarket(database);
  await using market = await openMarket(database);
  let isOver = false;
  let answered = 0;
  const ask = async (reader: number): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      const events = Array.from({ length: 1 + (round % 3) }, (_, n) =>
        about(`article ${(reader + round * 3 + n) % 12}`),
      );
      const { position, ids } = await market.publish(...events);
      const wait = { notBefore: [position], waitMs: 120_000, signal };
      await market.freshness.reached({ api: "ledger", operation: "list", ...wait });
      expect(new Set(await market.found(ids)), `seed ${seed}`).toEqual(new Set(ids));
      answered += 1;
    }
  };
  const asking = Promise.all([0, 1, 2, 3].map(ask));
  const struck = await strikeWorkers({
    program: new URL("freshness-worker.ts", import.meta.url),
    argument: { sales: database.appAddress("sales"), ledger: database.appAddress("ledger") },
    points,
    visitsMax: () => 10,
    worksMax: 20,
    faults: points.length + 2,
    seed,
    signal,
  });
  // Whatever they have left is done here.
  isOver = true;
  market.startRelay("sales");
  await market.subscribe();
  await asking;
  expect(Object.keys(struck)).toHaveLength(points.length + 2);
  expect(answered).toBeGreaterThan(50);
});
