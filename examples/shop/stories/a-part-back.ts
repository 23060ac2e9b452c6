import { answerOf } from "polder/testing";
import { newCustomer, putOnSale } from "./goods-and-buyers.ts";
import { allBut, everything } from "./stage.ts";
import type { Story } from "./story.ts";

const ORDERS = 20;

export const aPartBack: Story = {
  title: "A part back",
  tell: async (stage) => {
    const rest = allBut("fulfillment");
    const shop = await stage.start(rest);
    const fulfillment = await stage.start(["fulfillment"]);
    const clients = stage.clients(shop);
    await putOnSale(clients, { sku: "cup", title: "Cup", unitCents: 900, quantity: 100 });
    const customerId = await newCustomer(clients, "Carla Visser");
    const countShipped = async () => {
      const [counted] = await stage.rows<{ n: number }>(
        "select count(*)::int as n from fulfillment.shipment where shipped_at is not null",
      );
      return counted?.n ?? 0;
    };
    const place = async () =>
      answerOf(await clients.order.place({ customerId, lines: [{ sku: "cup", quantity: 1 }] })).orderId;

    await place();
    await stage.settled(everything);
    stage.check("the first order is shipped", (await countShipped()) === 1);
    await fulfillment.kill();
    stage.say(`Fulfillment is killed. ${ORDERS} more orders come.`);
    for (let order = 0; order < ORDERS; order += 1) await place();
    await stage.settled(rest);
    const [paid] = await stage.rows<{ n: number }>(
      `select count(*)::int as n from "order".orders where status = 'paid'`,
    );
    stage.check(`all ${ORDERS} are paid, and wait`, paid?.n === ORDERS && (await countShipped()) === 1);
    await stage.start(["fulfillment"]);
    stage.say("Fulfillment is back.");
    await stage.settled(everything);
    stage.check(`all ${ORDERS + 1} are shipped, each once`, (await countShipped()) === ORDERS + 1);
    const [events] = await stage.rows<{ n: number }>("select count(*)::int as n from fulfillment._outbox");
    stage.check("and each was told of once", events?.n === ORDERS + 1);
    stage.check("the auditor finds that all domains agree", (await stage.audit({ settled: true })).length === 0);
  },
};
