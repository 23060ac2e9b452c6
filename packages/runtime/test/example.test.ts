import { createClient } from "@polder/http";
import { testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { startHost } from "../src/index.ts";
import { Bank, bankWith, reportWith } from "./bank.ts";
import { bankHomes } from "./hosting.ts";

test("the example of the README", async () => {
  await using server = await testServer();
  await using database = await server.database(bankHomes);
  const [bank, report] = [bankWith(), reportWith()];

  // #region example
  // `bank` and `report` are what their index.ts export: implement(domain, { apis, subscriptions }).
  await using host = await startHost({
    implementations: [bank, report],
    address: (domain) => database.appAddress(domain), // each domain goes there as its own role
    http: { port: 0 },
  });
  const client = createClient(Bank, "1.0.0", { transport: host.transport }); // or httpTransport({ baseUrl: host.url })
  const outcome = await client.book({ account: "a-1", amount: 5 }, { key: "booking-1" });
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal}`);
  // #endregion example

  expect(outcome.value).toEqual({ balance: 5 });
});
