import { handler } from "polder";
import { Customer } from "./contract.ts";
import { customer } from "./domain.ts";

/** Before every id that is drawn. */
const FIRST = "00000000-0000-0000-0000-000000000000";

interface NamedRow {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
}

/** By the id, which never changes: whoever is there while somebody reads all pages is on one of them, and on no other. */
export const customers = handler(customer, Customer.customers, async ({ input: { after = FIRST, limit }, tx }) => {
  const found = await tx.sql<NamedRow>`
    select customer_id as "customerId", first_name as "firstName", last_name as "lastName"
    from customer
    where customer_id > ${after}
    order by customer_id
    limit ${limit}
  `;
  return { customers: [...found], next: found.length < limit ? null : (found.at(-1)?.customerId ?? null) };
});
