import { expect, test } from "vitest";
import { createClient, createDispatcher, httpTransport, resilientTransport, serveHttp } from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";

test("the example of the guide", async () => {
  const dispatcher = createDispatcher({ served: [serveInventory().served] });
  await using server = await serveHttp({ dispatcher, port: 0 });
  const baseUrl = server.url;
  // #region example
  const transport = resilientTransport({ transport: httpTransport({ baseUrl }), rules: { concurrentMax: 16 } });
  const inventory = createClient(Inventory, "1.0.0", {
    transport,
    fallbacks: { checkAvailability: ({ sku }) => ({ sku, available: 0 }) },
  });
  const outcome = await inventory.checkAvailability({ sku: "teapot" });
  // #endregion example
  expect(outcome).toMatchObject({ ok: true, value: { available: 5 } });
});
