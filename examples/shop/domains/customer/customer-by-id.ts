import { handler } from "polder";
import { Customer } from "./contract.ts";
import { customer } from "./domain.ts";

interface CustomerRow {
  readonly customerId: string;
  readonly name: string;
  readonly email: string;
}

export const customerById = handler(customer, Customer.customerById, async ({ input, tx, refuse }) => {
  const [found] = await tx.sql<CustomerRow>`
    select customer_id as "customerId", name, email
    from customer
    where customer_id = ${input.customerId}
  `;
  return found ?? refuse("UnknownCustomer", input);
});
