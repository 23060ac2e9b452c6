import { handler } from "polder";
import { Customer, CustomerRegistered } from "./contract.ts";
import { customer } from "./domain.ts";

export const register = handler(customer, Customer.register, async ({ input, tx, refuse }) => {
  const { firstName, lastName, email, phone = null } = input;
  // The unique index decides, so that of two who come at once only one gets the address.
  const [registered] = await tx.sql<{ customerId: string }>`
    insert into customer (first_name, last_name, email, phone)
    values (${firstName}, ${lastName}, ${email}, ${phone})
    on conflict (lower(email)) do nothing
    returning customer_id as "customerId"
  `;
  if (registered === undefined) return refuse("EmailTaken", { email });
  const { customerId } = registered;
  tx.publish(CustomerRegistered, { customerId, firstName, lastName });
  return { customerId };
});
