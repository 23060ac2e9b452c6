import { untilDone } from "../../until-done.ts";
import { everything } from "../stage.ts";
import type { Story } from "../story.ts";
import { needsNewShape, newShape, readsNewShape, withoutOldShape, writesNewShape } from "./releases.ts";
import { EVENT, type Scene, setScene, UNIT_CENTS } from "./scene.ts";

/** Consumers may still be at the last events of the old version, in milliseconds. */
const CATCH_UP_MS = 60_000;

export const paymentEventV2: Story = {
  title: "An event changes its shape",
  tell: async (stage) => {
    const scene = await setScene(stage);
    stage.say("Orders come one after the other until the end; while a process is replaced, customers ask again.");
    await scene.customers.more();
    await expand(scene);
    await migrate(scene);
    await contract(scene);
    await everythingIsThere(scene);
  },
};

async function expand({ stage, folder, customers, release, polder, canRetire }: Scene): Promise<void> {
  stage.say("Expand: Payment's event gets a version 2, in which cents and currency are one amount of money.");
  await folder.edit("payment/contract.ts", ...newShape);
  stage.check("the new version is written down", (await polder("contracts", "freeze")).code === 0);
  stage.say("Who reads the event gets the contract first, then who writes it.");
  await release("office", "order");
  await folder.edit("payment/take-payment.ts", writesNewShape);
  await release("payment");
  await customers.more();
  const answer = await canRetire(new Date());
  stage.check(
    `can version 1 go? No, it is used by ${answer.users.join(", ")}`,
    !answer.can && answer.users.length === 4,
  );
  const refused = await polder("contracts", "retire", EVENT);
  stage.check("and Polder does not retire it", refused.code === 1 && refused.out.includes("is not retired"));
}

async function migrate({ stage, folder, customers, release, canRetire }: Scene): Promise<void> {
  stage.say("Migrate: Order moves to version 2.");
  await folder.edit("order/domain.ts", needsNewShape);
  await release("order");
  const since = new Date();
  await customers.more();
  const answer = await canRetire(since);
  stage.check(
    `can version 1 go? No, it is used by ${answer.users.join(", ")}`,
    !answer.can && answer.users.join() === "fulfillment,accounting,storefront",
  );
  stage.say("Fulfillment, Accounting and Storefront follow.");
  await folder.edit("fulfillment/domain.ts", needsNewShape);
  await folder.edit("accounting/domain.ts", needsNewShape);
  await folder.edit("storefront/domain.ts", needsNewShape);
  await folder.edit("accounting/book-revenue.ts", readsNewShape);
  await release("office");
}

async function contract({ stage, folder, customers, release, polder, canRetire }: Scene): Promise<void> {
  const since = new Date();
  await customers.more();
  await untilDone(async () => (await canRetire(since)).why, { timeoutMs: CATCH_UP_MS });
  stage.check("can version 1 go? Yes: nobody has used it since the last of them moved", true);
  const versions = await stage.rows<{ version: string }>(
    "select distinct version from polder.log_payment where type = 'payment.PaymentConfirmed' order by version",
  );
  stage.check(
    "events of both versions are in the log, and everybody is past the old ones",
    versions.map(({ version }) => version).join() === "1.0.0,2.0.0",
  );
  stage.say("Contract: the old version goes.");
  const retired = await polder("contracts", "retire", EVENT, "--since", since.toISOString());
  stage.check("the decision is written down", retired.code === 0 && retired.out.includes("is retired"));
  await folder.edit("payment/contract.ts", ...withoutOldShape);
  stage.check("CI has nothing against it", (await polder("contracts", "check", "--use")).code === 0);
  await release("payment", "office", "order");
  await customers.more();
}

async function everythingIsThere({ stage, customers, polder }: Scene): Promise<void> {
  const orders = await customers.stop();
  await stage.settled(everything);
  const [books] = await stage.rows<{ entries: number; cents: number }>(
    "select count(*)::int as entries, sum(amount_cents)::int as cents from accounting.entry",
  );
  stage.check(
    `all ${orders} orders are paid and booked, each once`,
    books?.entries === orders && books.cents === orders * UNIT_CENTS,
  );
  const letters = await polder("dead-letters", "list", "--all");
  stage.check("no event was given up, and none waits", letters.out.startsWith("No dead letters."));
  stage.check("the auditor finds that all domains agree", (await stage.audit({ settled: true })).length === 0);
}
