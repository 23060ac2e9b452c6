import { handler } from "polder";
import { Customer, CustomerRenamed } from "./contract.ts";
import { customer } from "./domain.ts";

export const rename = handler(customer, Customer.rename, async ({ input, tx, refuse }) => {
  const { customerId, firstName, lastName } = input;
  const { count } = await tx.sql`
    update customer
    set first_name = ${firstName}, last_name = ${lastName}
    where customer_id = ${customerId}
  `;
  if (count === 0) return refuse("UnknownCustomer", { customerId });
  tx.publish(CustomerRenamed, { customerId, firstName, lastName });
});
