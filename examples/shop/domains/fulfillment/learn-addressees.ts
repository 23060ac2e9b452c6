import { subscription, type Transaction } from "polder";
import { fulfillment } from "./domain.ts";

/** What stands on a parcel; the first and the last name are printed apart, so it takes the events at version 2. */
export const learnAddressees = subscription(fulfillment, "learn-addressees", {
  "customer.CustomerRegistered": async ({ event, tx }) => learn(tx, event.data),
  "customer.CustomerRenamed": async ({ event, tx }) => learn(tx, event.data),
});

interface Addressee {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
}

async function learn(
  tx: Transaction<typeof fulfillment>,
  { customerId, firstName, lastName }: Addressee,
): Promise<void> {
  await tx.sql`
    insert into addressee (customer_id, first_name, last_name)
    values (${customerId}, ${firstName}, ${lastName})
    on conflict (customer_id) do update
    set first_name = excluded.first_name, last_name = excluded.last_name
  `;
}
