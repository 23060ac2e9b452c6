import { answerOf } from "polder/testing";
import { newCustomer, putOnSale } from "./goods-and-buyers.ts";
import { everything } from "./stage.ts";
import type { Story } from "./story.ts";

export const anOrdersLife: Story = {
  title: "An order's life",
  tell: async (stage) => {
    const shop = await stage.start(everything);
    const clients = stage.clients(shop);
    await putOnSale(clients, { sku: "tea", title: "Green tea", unitCents: 500, quantity: 10 });
    const customerId = await newCustomer(clients, "Ada Smit");
    stage.say("Green tea is on sale, and Ada wants two of it.");
    const quote = answerOf(await clients.order.quote({ sku: ["tea"] }));
    stage.check("the quote says 500 cents, and ten are there", quote.goods[0]?.unitCents === 500);
    const lines = [{ sku: "tea", quantity: 2 }];
    const placed = answerOf(await clients.order.place({ customerId, lines }, { key: "Ada's tea" }));
    stage.say(`She has ordered: ${placed.orderId}, ${placed.totalCents} cents. Everything else happens by itself.`);
    const again = answerOf(await clients.order.place({ customerId, lines }, { key: "Ada's tea" }));
    stage.check("asked again under the same key, it is the same order", again.orderId === placed.orderId);
    await stage.settled(everything);
    const { status, customerName } = answerOf(await clients.order.orderById({ orderId: placed.orderId }));
    stage.check(`it is shipped, to ${customerName}`, status === "shipped" && customerName === "Ada Smit");
    const [shown] = answerOf(await clients.storefront.orderHistory({ customerId })).orders;
    stage.check("her history has it, paid and sent", shown?.shipment?.trackingNumber?.startsWith("PARCEL-") === true);
    const [books] = await stage.rows<{ cents: number }>("select sum(amount_cents)::int as cents from accounting.entry");
    stage.check("the books have the money", books?.cents === 1_000);
    const left = answerOf(await clients.inventory.checkAvailability({ sku: "tea" })).available;
    stage.check("eight are left", left === 8);
    stage.check("the auditor finds that all domains agree", (await stage.audit({ settled: true })).length === 0);
  },
};
