import { handler } from "polder";
import { Customer, CustomerRegistered } from "./contract.ts";
import { customer } from "./domain.ts";

export const register = handler(customer, Customer.register, async ({ input, tx, refuse }) => {
  // The unique index decides, so that of two who come at once only one gets the address.
  const [registered] = await tx.sql<{ customerId: string }>`
    insert into customer (name, email)
    values (${input.name}, ${input.email})
    on conflict (lower(email)) do nothing
    returning customer_id as "customerId"
  `;
  if (registered === undefined) return refuse("EmailTaken", { email: input.email });
  tx.publish(CustomerRegistered, { customerId: registered.customerId, name: input.name });
  return { customerId: registered.customerId };
});
