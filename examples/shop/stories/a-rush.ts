import { answerOf } from "polder/testing";
import { newCustomer, putOnSale } from "./goods-and-buyers.ts";
import { everything } from "./stage.ts";
import type { Story } from "./story.ts";

const BUYERS = 200;
const PIECES = 100;
/** A buyer waits no longer, in milliseconds. */
const DEADLINE_MS = 30_000;

export const aRush: Story = {
  title: "A rush",
  tell: async (stage) => {
    const shop = await stage.start(everything);
    const clients = stage.clients(shop);
    await putOnSale(clients, { sku: "console", title: "The console", unitCents: 49_900, quantity: PIECES });
    const customerId = await newCustomer(clients, "Everybody");
    stage.say(`${PIECES} consoles are there. ${BUYERS} buyers want one, all at the same moment.`);
    const lines = [{ sku: "console", quantity: 1 }];
    const outcomes = await Promise.all(
      Array.from({ length: BUYERS }, async (_, buyer) => {
        const sinceMs = performance.now();
        const key = `buyer ${buyer}`;
        const answer = await clients.order.place({ customerId, lines }, { key, deadlineMs: DEADLINE_MS });
        return { outcome: answer.ok ? "placed" : answer.refusal, tookMs: performance.now() - sinceMs };
      }),
    );
    const count = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length;
    const longestMs = Math.round(Math.max(...outcomes.map(({ tookMs }) => tookMs)));
    stage.check(`${count("placed")} have got one`, count("placed") === PIECES);
    stage.check(`${count("OutOfStock")} are told that there is none left`, count("OutOfStock") === BUYERS - PIECES);
    stage.check(`nobody waited past the deadline: ${longestMs} ms at most`, longestMs <= DEADLINE_MS);
    await stage.settled(everything);
    const left = answerOf(await clients.inventory.checkAvailability({ sku: "console" })).available;
    stage.check("none is left, and none was sold twice", left === 0);
    stage.check("the auditor finds that all domains agree", (await stage.audit({ settled: true })).length === 0);
  },
};
