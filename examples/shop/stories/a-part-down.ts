import { isPolderError } from "polder";
import { answerOf } from "polder/testing";
import { newCustomer, putOnSale } from "./goods-and-buyers.ts";
import { allBut } from "./stage.ts";
import type { Story } from "./story.ts";

/** A customer waits no longer, in milliseconds. */
const DEADLINE_MS = 5_000;

export const aPartDown: Story = {
  title: "A part down",
  tell: async (stage) => {
    const recommendation = await stage.start(["recommendation"]);
    const inventory = await stage.start(["inventory"]);
    const rest = allBut("recommendation", "inventory");
    const shop = await stage.start(rest, { others: { recommendation, inventory } });
    const clients = { ...stage.clients(shop), inventory: stage.clients(inventory).inventory };
    await putOnSale(clients, { sku: "lamp", title: "Lamp", unitCents: 2_000, quantity: 50 });
    const customerId = await newCustomer(clients, "Bram de Wit");
    const lines = [{ sku: "lamp", quantity: 1 }];
    const place = (key: string) => clients.order.place({ customerId, lines }, { key, deadlineMs: DEADLINE_MS });

    await recommendation.kill();
    stage.say("Recommendation is killed. Order does not depend on it: a fallback suggests nothing.");
    const quote = answerOf(await clients.order.quote({ sku: ["lamp"] }));
    stage.check("a quote comes all the same, without suggestions", quote.goesWith.length === 0);
    stage.check("orders are taken", answerOf(await place("first")).totalCents === 2_000);

    await inventory.kill();
    stage.say("Inventory is killed. Without it there is nothing to promise.");
    const sinceMs = performance.now();
    const failure: unknown = await place("second").then(
      () => undefined,
      (error: unknown) => error,
    );
    const tookMs = performance.now() - sinceMs;
    stage.check(
      `the customer is told so in time: ${isPolderError(failure) ? failure.code : "nothing"} after ${Math.round(tookMs)} ms`,
      isPolderError(failure, "SAGA_ABORTED", "CALL_DEADLINE_EXCEEDED") && tookMs < DEADLINE_MS + 500,
    );
    const [orders] = await stage.rows<{ n: number }>('select count(*)::int as n from "order".orders');
    stage.check("there is no half order", orders?.n === 1);

    await stage.start(["inventory"], { instead: inventory });
    stage.say("Inventory is back. Order asks whether it had reserved something after all, and gives it back.");
    await stage.settled([...rest, "inventory"]);
    const [left] = await stage.rows<{ reserved: number }>("select reserved from inventory.stock where sku = 'lamp'");
    stage.check("nothing is held for nobody", left?.reserved === 0);
    answerOf(await place("third"));
    await stage.settled([...rest, "inventory"]);
    stage.say("Another order came, and was shipped.");
  },
};
