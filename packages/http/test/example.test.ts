import { api, domain, handler, implement, query, team } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { createClient, createDispatcher, type Execute, httpTransport, serveHttp } from "../src/index.ts";

const Inventory = api("inventory", {
  versions: {
    "1.0.0": {
      checkAvailability: query("GET /availability/:sku", {
        input: z.object({ sku: z.string() }),
        output: z.object({ available: z.int() }),
      }),
    },
  },
});
const owner = team("Warehouse", { contact: "#warehouse" });
const inventory = domain("inventory", { owner, capability: "Know and promise stock", publishes: [Inventory] });
const checkAvailability = handler(inventory, Inventory.checkAvailability, async () => ({ available: 5 }));
const implementation = implement(inventory, { apis: { inventory: { checkAvailability } } });

test("the example of the README runs", async () => {
  // #region example
  // How a handler is run is the executor's matter; @polder/runtime has the one with transactions.
  const execute: Execute = async (found, call) => call.conclude(await found.run({ input: call.input } as never));

  const dispatcher = createDispatcher({ served: [{ implementation, execute }] });
  await using server = await serveHttp({ dispatcher, port: 0 });

  const transport = httpTransport({ baseUrl: server.url }); // or localTransport(dispatcher)
  const client = createClient(Inventory, "1.0.0", { transport, caller: "order" });
  const outcome = await client.checkAvailability({ sku: "teapot" });
  // #endregion example
  expect(outcome).toEqual({ ok: true, value: { available: 5 } });
});
