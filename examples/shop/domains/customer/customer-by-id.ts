import { handler } from "polder";
import { Customer } from "./contract.ts";
import { customer } from "./domain.ts";

interface CustomerRow {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phone: string | null;
}

export const customerById = handler(customer, Customer.customerById, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<CustomerRow>`
    select customer_id as "customerId", first_name as "firstName", last_name as "lastName", email, phone
    from customer
    where customer_id = ${input.customerId}
  `;
  if (found === undefined) return refuse("UnknownCustomer", input);
  return { ...found, phone: found.phone ?? undefined };
});
