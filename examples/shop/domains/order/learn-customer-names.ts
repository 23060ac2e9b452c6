import { subscription, type Transaction } from "polder";
import { order } from "./domain.ts";

/** Order shows a name beside an order, and needs to know no more of a customer. */
export const learnCustomerNames = subscription(order, "learn-customer-names", {
  "customer.CustomerRegistered": async ({ event, tx }) => learn(tx, event.data),
  "customer.CustomerRenamed": async ({ event, tx }) => learn(tx, event.data),
});

async function learn(
  tx: Transaction<typeof order>,
  { customerId, name }: { readonly customerId: string; readonly name: string },
): Promise<void> {
  await tx.sql`
    insert into customer_name (customer_id, name)
    values (${customerId}, ${name})
    on conflict (customer_id) do update
    set name = excluded.name
  `;
}
